import { Box } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api'
import { deleteOAuthProvider, updateOAuthProvider } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notify } from '../../ui/notify'
import { useDialog } from '../../ui/use-dialog'
import { ChangeImpact } from '../impact/impact-panel'
import { AddProviderDialog } from './add-provider-dialog'
import { CheckTokenDialog } from './check-token-dialog'
import { EditProviderDialog } from './edit-provider-dialog'
import { type OAuthProvider, providerQuery } from './queries'
import { countMappings, whoLosesAccess } from './words'

export function ProviderDialogs() {
  const { id: org } = useMembership()
  const { dialog, id, close } = useDialog()
  const { data: provider } = useQuery({ ...providerQuery(org, id ?? ''), enabled: id?.startsWith('idp_') ?? false })
  if (dialog === 'add-provider') return <AddProviderDialog onClose={close} />
  if (!provider) return null
  switch (dialog) {
    case 'edit-provider':
      return <EditProviderDialog provider={provider} onClose={close} />
    case 'check-token':
      return <CheckTokenDialog provider={provider} onClose={close} />
    case 'enable-provider':
    case 'disable-provider':
      return <SwitchProvider provider={provider} enabled={dialog === 'enable-provider'} onClose={close} />
    case 'delete-provider':
      return <DeleteProvider provider={provider} onClose={close} />
    default:
      return null
  }
}

type Props = { provider: OAuthProvider; onClose: () => void }

const Called = ({ name }: { name: string }) => (
  <b>
    <bdi>{name}</bdi>
  </b>
)

function SwitchProvider({ provider, enabled, onClose }: Props & { enabled: boolean }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { name, mappingCount } = provider
  const change = async () => {
    await ask(updateOAuthProvider({ path: { org, id: provider.id }, body: { enabled } }))
    notify(enabled ? 'Provider enabled' : 'Provider disabled')
    onClose()
    void refresh('oauth-providers', 'tokens')
  }
  if (enabled) {
    return (
      <Confirm title="Enable provider" action="Enable" danger={false} onConfirm={change} onClose={onClose}>
        Tokens of <Called name={name} /> open the API from now on, for the accounts that are mapped to it (
        {countMappings(mappingCount)}).
      </Confirm>
    )
  }
  return (
    <Confirm title="Disable provider" action="Disable" onConfirm={change} onClose={onClose}>
      Tokens of <Called name={name} /> are refused at once. {whoLosesAccess(mappingCount)} Nothing is deleted: when it
      is enabled again, they work again.
      <Box mt="sm">
        <ChangeImpact change={{ kind: 'provider_removal', providerId: provider.id }} />
      </Box>
    </Confirm>
  )
}

function DeleteProvider({ provider, onClose }: Props) {
  const { id: org, slug } = useMembership()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const { name, mappingCount } = provider
  const remove = async () => {
    await ask(deleteOAuthProvider({ path: { org, id: provider.id } }))
    notify('Provider deleted')
    // First away from its page, which would ask for what is no more.
    await navigate({ ...paths.oauthProviders(slug), replace: true })
    void refresh(['oauth-providers', 'list'], 'account-mappings', 'tokens')
  }
  return (
    <Confirm title="Delete provider" action="Delete provider" onConfirm={remove} onClose={onClose}>
      <Called name={name} /> {mappingCount > 0 ? `and its ${countMappings(mappingCount)} are deleted` : 'is deleted'}{' '}
      for good. Its tokens are refused at once. At the provider itself nothing changes.
      <Box mt="sm">
        <ChangeImpact change={{ kind: 'provider_removal', providerId: provider.id }} />
      </Box>
    </Confirm>
  )
}
