import { Button, Stack } from '@mantine/core'
import { ask } from '../../api'
import { updateOAuthProvider } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
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
  const { form, pending, failure, onSubmit } = useServerForm({
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
  const discovery = useDiscovery(org, form)
  const { mappingCount } = provider
  const subjectReason =
    mappingCount > 0
      ? `Fixed while there are account mappings (${countMappings(mappingCount)}): their subjects are values of this claim.`
      : undefined
  return (
    <Dialog title="Edit provider" size="lg" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <IssuerFields form={form} discovery={discovery} fixed />
          <AudiencesField form={form} />
          <ClaimsFields form={form} subjectReason={subjectReason} />
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
