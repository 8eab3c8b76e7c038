import { Button, Stack } from '@mantine/core'
import { ask } from '../../api'
import { updateServiceAccount } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import type { ServiceAccount } from './queries'
import { checkDisplayName, ServiceAccountFields, type ServiceAccountValues } from './service-account-fields'

export function EditServiceAccountDialog({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { form, pending, failure, onSubmit } = useServerForm<ServiceAccountValues, unknown>({
    initialValues: { name: account.name, role: account.role },
    validate: { name: checkDisplayName },
    send: ({ name, role }) =>
      ask(updateServiceAccount({ path: { org, id: account.id }, body: { name: name.trim(), role } })),
    onDone: () => {
      notify('Service account changed')
      onClose()
      void refresh('service-accounts', 'groups', 'tokens')
    },
  })
  return (
    <Dialog title="Edit service account" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <ServiceAccountFields form={form} />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending} disabled={!form.isDirty()}>
            Save changes
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
