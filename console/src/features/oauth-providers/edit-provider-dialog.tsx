import { ask } from '../../api'
import { updateOAuthProvider } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { AudiencesField } from './audiences-field'
import { ClaimsFields } from './claims-fields'
import { IssuerFields, useDiscovery } from './issuer-fields'
import { bodyOf, checks, fieldOfCode, valuesOf } from './provider-form'
import type { OAuthProvider } from './queries'
import { countMappings } from './words'

export function EditProviderDialog({ provider, onClose }: { provider: OAuthProvider; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const server = useServerForm({
    initialValues: valuesOf(provider),
    validate: checks,
    fieldOfCode,
    send: (values) => {
      const { issuer, subjectClaim, ...body } = bodyOf(values)
      const renamed = subjectClaim !== provider.subjectClaim && { subjectClaim }
      return ask(updateOAuthProvider({ path: { org, id: provider.id }, body: { ...body, ...renamed } }))
    },
    onDone: () => {
      notify('Provider changed')
      onClose()
      void refresh('oauth-providers', 'account-mappings')
    },
  })
  const { form } = server
  const discovery = useDiscovery(org, form)
  const { mappingCount } = provider
  const subjectReason =
    mappingCount > 0
      ? `Fixed while there are account mappings (${countMappings(mappingCount)}): their subjects are values of this claim.`
      : undefined
  return (
    <FormDialog title="Edit provider" size="lg" server={server} onClose={onClose}>
      <IssuerFields form={form} discovery={discovery} fixed />
      <AudiencesField form={form} />
      <ClaimsFields form={form} subjectReason={subjectReason} />
    </FormDialog>
  )
}
