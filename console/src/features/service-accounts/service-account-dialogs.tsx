import { Box } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api'
import { deleteServiceAccount } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notify } from '../../ui/notify'
import type { RowAction } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { AddToGroupDialog } from '../groups/add-to-group-dialog'
import { ChangeImpact } from '../impact/impact-panel'
import { AddServiceAccountDialog } from './add-service-account-dialog'
import { EditServiceAccountDialog } from './edit-service-account-dialog'
import { type ServiceAccount, serviceAccountQuery } from './queries'

export function useServiceAccountActions(): (account: ServiceAccount) => RowAction[] {
  const { open } = useDialog()
  return ({ id }) => [
    { label: 'Edit', onClick: () => void open('edit-service-account', id) },
    { label: 'Add to group', onClick: () => void open('add-to-group', id) },
    { label: 'Delete', onClick: () => void open('delete-service-account', id), danger: true },
  ]
}

export function ServiceAccountDialogs() {
  const { id: org } = useMembership()
  const { dialog, id, close } = useDialog()
  const refresh = useRefresh()
  const { data: account } = useQuery({
    ...serviceAccountQuery(org, id ?? ''),
    enabled: id?.startsWith('svc_') ?? false,
  })
  const grouped = () => {
    close()
    void refresh('service-accounts', 'groups', 'tokens')
  }
  if (dialog === 'add-service-account') return <AddServiceAccountDialog onClose={close} />
  if (!account) return null
  switch (dialog) {
    case 'add-to-group':
      return <AddToGroupDialog accounts={[account]} onDone={grouped} onClose={close} />
    case 'edit-service-account':
      return <EditServiceAccountDialog account={account} onClose={close} />
    case 'delete-service-account':
      return <DeleteServiceAccount account={account} onClose={close} />
    default:
      return null
  }
}

function DeleteServiceAccount({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const { id: org, slug } = useMembership()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const remove = async () => {
    await ask(deleteServiceAccount({ path: { org, id: account.id } }))
    notify('Service account deleted')
    // First away from its page, which would ask for what is no more.
    await navigate({ ...paths.serviceAccounts(slug), replace: true })
    void refresh('service-accounts', 'groups', 'tokens', 'account-mappings', 'oauth-providers')
  }
  return (
    <Confirm title="Delete service account" action="Delete" onConfirm={remove} onClose={onClose}>
      <b>
        <bdi>{account.name}</bdi>
      </b>{' '}
      loses access at once. Its OAuth account mappings are deleted, and all of its tokens are revoked for good. What it
      did stays in the audit log.
      <Box mt="sm">
        <ChangeImpact change={{ kind: 'account_removal', accountId: account.id }} />
      </Box>
    </Confirm>
  )
}
