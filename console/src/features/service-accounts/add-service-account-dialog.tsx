import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api'
import { createServiceAccount } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure, Notice } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { CreateTokenForm } from '../tokens/create-token-form'
import { abilityQuery } from '../tokens/queries'
import { SecretDialog } from '../tokens/secret-dialog'
import type { ServiceAccount } from './queries'
import { checkDisplayName, ServiceAccountFields, type ServiceAccountValues } from './service-account-fields'

/** The account, then its first token or "Skip". */
export function AddServiceAccountDialog({ onClose }: { onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const [created, setCreated] = useState<ServiceAccount>()
  const { form, pending, failure, onSubmit } = useServerForm<ServiceAccountValues, ServiceAccount>({
    initialValues: { name: '', role: 'member' },
    validate: { name: checkDisplayName },
    send: ({ name, role }) => ask(createServiceAccount({ path: { org }, body: { name: name.trim(), role } })),
    onDone: (account) => {
      notify('Service account created')
      setCreated(account)
      void refresh('service-accounts')
    },
  })
  if (created) return <FirstToken account={created} onClose={onClose} />
  return (
    <Dialog title="Add service account" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <ServiceAccountFields form={form} />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending}>
            Create
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function FirstToken({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { data: ability } = useQuery(abilityQuery(org, account.id))
  if (ability?.allowed === false) {
    return (
      <Dialog title="Its first token" onClose={onClose}>
        <Stack gap="md">
          <Text>
            <bdi>{account.name}</bdi> exists now. It can’t have a token yet:
          </Text>
          <Notice tone="wait">{ability.message}</Notice>
        </Stack>
        <DialogActions>
          <Button onClick={onClose}>Done</Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <SecretDialog title="Its first token" onClose={onClose}>
      {(show) => (
        <CreateTokenForm
          org={org}
          accountId={account.id}
          suggestedName={account.name.slice(0, 100)}
          aside={
            <Button variant="default" onClick={onClose}>
              Skip
            </Button>
          }
          onCreated={({ secret }) => {
            show(secret)
            void refresh('tokens')
          }}
        />
      )}
    </SecretDialog>
  )
}
