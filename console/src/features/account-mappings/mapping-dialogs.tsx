import { Text } from '@mantine/core'
import { ask } from '../../api'
import { deleteAccountMapping, updateAccountMapping } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import type { RowAction } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { useServerForm } from '../../ui/use-server-form'
import { AddMappingDialog } from './add-mapping-dialog'
import { DisplayNameField } from './mapping-fields'
import type { AccountMapping } from './queries'

export function useMappingActions(): (mapping: AccountMapping) => RowAction[] {
  const { open } = useDialog()
  return ({ id }) => [
    { label: 'Edit display name', onClick: () => void open('edit-mapping', id) },
    { label: 'Delete mapping', onClick: () => void open('delete-mapping', id), danger: true },
  ]
}

type Props = { mappings: AccountMapping[] | undefined } & ({ accountId: string } | { providerId: string })

/** The dialogs of a page that lists mappings of one account or one provider. */
export function MappingDialogs({ mappings, ...of }: Props) {
  const { dialog, id, close } = useDialog()
  if (dialog === 'add-mapping') return <AddMappingDialog {...of} onClose={close} />
  const mapping = mappings?.find((one) => one.id === id)
  if (!mapping) return null
  if (dialog === 'edit-mapping') return <EditMapping mapping={mapping} onClose={close} />
  return dialog === 'delete-mapping' ? <DeleteMapping mapping={mapping} onClose={close} /> : null
}

type OneProps = { mapping: AccountMapping; onClose: () => void }

function EditMapping({ mapping, onClose }: OneProps) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const server = useServerForm({
    initialValues: { displayName: mapping.displayName },
    send: ({ displayName }) =>
      ask(updateAccountMapping({ path: { org, id: mapping.id }, body: { displayName: displayName.trim() } })),
    onDone: () => {
      notify('Display name changed')
      onClose()
      void refresh('account-mappings')
    },
  })
  const { form } = server
  return (
    <FormDialog title="Edit display name" server={server} onClose={onClose}>
      <DisplayNameField form={form} autoFocus />
      <Text c="dimmed">For another subject, delete this mapping and add one.</Text>
    </FormDialog>
  )
}

function DeleteMapping({ mapping: { id, subject, account, provider }, onClose }: OneProps) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const remove = async () => {
    await ask(deleteAccountMapping({ path: { org, id } }))
    notify('Mapping deleted')
    onClose()
    void refresh('account-mappings', 'oauth-providers')
  }
  return (
    <Confirm title="Delete mapping" action="Delete mapping" onConfirm={remove} onClose={onClose}>
      Tokens of <bdi>{provider.name}</bdi> with the subject{' '}
      <code>
        <bdi>{subject}</bdi>
      </code>{' '}
      stop opening the API at once. The account <bdi>{account.name}</bdi> stays.
    </Confirm>
  )
}
