import '@mantine/core/styles/Switch.css'
import { Button, Skeleton, Stack, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { paths } from '../../paths'
import { Trouble } from '../../shell/dead-ends'
import { useMembership } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { Section, SectionHead, usePageTitle } from '../../ui/page'
import { RowMenu } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { ProviderMappings } from '../account-mappings/provider-mappings'
import { KeysSection } from './keys-section'
import { ProviderDialogs } from './provider-dialogs'
import { ProviderFacts } from './provider-facts'
import { providerQuery } from './queries'
import { RoleIds } from './role-ids'
import { useProviderActions } from './use-provider-actions'

export function OAuthProviderPage() {
  const { id: org, slug, name: organizationName } = useMembership()
  const { id } = useParams({ from: '/o/$slug/settings/organization/oauth-providers/$id' })
  const { data: provider, error, refetch } = useQuery(providerQuery(org, id))
  const actionsOf = useProviderActions()
  const { open } = useDialog()
  usePageTitle(provider?.name, organizationName)

  if (error && !provider) return <Trouble error={error} onRetry={refetch} />
  if (!provider) return <Skeleton h={200} aria-label="Loading" />
  return (
    <Stack gap="xl">
      <Stack gap="xs">
        <TextLink {...paths.oauthProviders(slug)}>← OAuth providers</TextLink>
        <SectionHead
          title={<bdi>{provider.name}</bdi>}
          actions={
            <>
              <Button variant="default" onClick={() => open('check-token', id)}>
                Check a token
              </Button>
              <RowMenu label={`Actions for ${provider.name}`} actions={actionsOf(provider)} />
            </>
          }
        />
        <Switch
          label="Enabled"
          description={
            provider.enabled
              ? 'Its tokens open the API for the accounts that are mapped.'
              : 'Its tokens are refused. The settings and the account mappings are kept.'
          }
          checked={provider.enabled}
          onChange={() => open(provider.enabled ? 'disable-provider' : 'enable-provider', id)}
        />
      </Stack>
      <KeysSection provider={provider} />
      <Section
        title="Settings"
        order={3}
        actions={
          <Button variant="default" onClick={() => open('edit-provider', id)}>
            Edit
          </Button>
        }
      >
        <ProviderFacts provider={provider} />
        <RoleIds provider={provider} />
      </Section>
      <ProviderMappings provider={provider} />
      <ProviderDialogs />
    </Stack>
  )
}
