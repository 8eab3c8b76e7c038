import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api'
import { refreshProviderKeys } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { notify, notifyFailure } from '../../ui/notify'
import type { RowAction } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { type OAuthProvider, providerQuery } from './queries'
import { countKeys } from './words'

export function useRefreshKeys() {
  const { id: org } = useMembership()
  const queryClient = useQueryClient()
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (id: string) => ask(refreshProviderKeys({ path: { org, id } })),
    onError: notifyFailure,
    onSuccess: (provider) => {
      queryClient.setQueryData(providerQuery(org, provider.id).queryKey, provider)
      void refresh(['oauth-providers', 'list'])
      const { lastError, count } = provider.keys
      if (lastError) notifyFailure(new Error(`${provider.name}: ${lastError}`))
      else notify(`${countKeys(count)} fetched`)
    },
  })
}

/** What an admin can do with a provider, from the list and from its page. */
export function useProviderActions(): (provider: OAuthProvider) => RowAction[] {
  const { open } = useDialog()
  const { mutate: refreshKeys } = useRefreshKeys()
  return ({ id, enabled }) => [
    { label: 'Check a token', onClick: () => void open('check-token', id) },
    { label: 'Refresh keys', onClick: () => refreshKeys(id) },
    enabled
      ? { label: 'Disable', onClick: () => void open('disable-provider', id) }
      : { label: 'Enable', onClick: () => void open('enable-provider', id) },
    { label: 'Delete', onClick: () => void open('delete-provider', id), danger: true },
  ]
}
