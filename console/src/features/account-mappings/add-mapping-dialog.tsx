import { Button, NativeSelect, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { ask } from '../../api'
import { createAccountMapping } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { type Account, AccountPicker } from '../members/account-picker'
import { providersQuery } from '../oauth-providers/queries'
import { checkSubject, DisplayNameField, SubjectField } from './mapping-fields'

type Props = {
  onClose: () => void
  /** The side of the mapping that the page is about; the other is chosen. */
  accountId?: string
  providerId?: string
  /** Known already, for instance from a token that was checked. */
  subject?: string | undefined
  onAdded?: () => void
}

/** E3: provider, subject and display name for an account; or the account for a provider. */
export function AddMappingDialog({ accountId, providerId, subject = '', onAdded, onClose }: Props) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { data: providers = [] } = useInfiniteQuery(providersQuery(org))
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { accountId: [] as Account[], providerId: providerId ?? '', subject, displayName: '' },
    validate: {
      accountId: (chosen) => (accountId || chosen.length > 0 ? null : 'Choose an account'),
      providerId: (chosen) => (chosen ? null : 'Choose a provider'),
      subject: checkSubject,
    },
    fieldOfCode: { subject_taken: 'subject', mapping_exists: accountId ? 'providerId' : 'accountId' },
    send: ({ accountId: [chosen], subject, displayName, ...body }) =>
      ask(
        createAccountMapping({
          path: { org },
          body: {
            ...body,
            accountId: accountId ?? chosen?.id ?? '',
            subject: subject.trim(),
            displayName: displayName.trim(),
          },
        }),
      ),
    onDone: () => {
      notify('Mapping added')
      onClose()
      onAdded?.()
      void refresh('account-mappings', 'oauth-providers')
    },
  })
  const claim = providers.find(({ id }) => id === form.values.providerId)?.subjectClaim
  return (
    <Dialog title="Add mapping" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {accountId ? (
            <NativeSelect
              label="OAuth provider"
              required
              data-autofocus
              data={[
                { value: '', label: 'Choose a provider', disabled: true },
                ...providers.map(({ id, name }) => ({ value: id, label: name })),
              ]}
              {...form.getInputProps('providerId')}
            />
          ) : (
            <AccountPicker
              org={org}
              label="Account"
              most={1}
              joinedOnly
              value={form.values.accountId}
              onChange={(accounts) => form.setFieldValue('accountId', accounts)}
              error={form.errors.accountId as string | undefined}
            />
          )}
          <SubjectField form={form} claim={claim} />
          <DisplayNameField form={form} />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending}>
            Add mapping
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
