import { ask } from '../../api'
import { updateServiceAccount } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import type { ServiceAccount } from './queries'
import { checkDisplayName, ServiceAccountFields, type ServiceAccountValues } from './service-account-fields'

export function EditServiceAccountDialog({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const server = useServerForm<ServiceAccountValues, unknown>({
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
  const { form } = server
  return (
    <FormDialog title="Edit service account" server={server} onClose={onClose}>
      <ServiceAccountFields form={form} />
    </FormDialog>
  )
}
