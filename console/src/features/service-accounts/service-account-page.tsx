import { Group, Skeleton, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { paths } from '../../paths'
import { Trouble } from '../../shell/dead-ends'
import { useMembership } from '../../shell/session'
import { CopyLine } from '../../ui/copy'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Section, SectionHead, usePageTitle } from '../../ui/page'
import { ReasonedButton } from '../../ui/reasoned-button'
import { formatExact } from '../../ui/relative-time'
import { RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { AccountMappings } from '../account-mappings/account-mappings'
import { AccountGroups } from '../groups/account-groups'
import { roles } from '../members/words'
import { abilityQuery, tokensQuery } from '../tokens/queries'
import { TokenDialogs } from '../tokens/token-dialogs'
import { TokensTable } from '../tokens/tokens-table'
import { serviceAccountQuery } from './queries'
import { ServiceAccountDialogs, useServiceAccountActions } from './service-account-dialogs'

export function ServiceAccountPage() {
  const { id: org, slug, name: organizationName } = useMembership()
  const { id } = useParams({ from: '/o/$slug/settings/organization/service-accounts/$id' })
  const { data: account, error, refetch } = useQuery(serviceAccountQuery(org, id))
  const { data: ability } = useQuery(abilityQuery(org, id))
  const tokens = useInfiniteQuery(tokensQuery(org, { accountId: id }))
  const actionsOf = useServiceAccountActions()
  const { open } = useDialog()
  usePageTitle(account?.name, organizationName)

  if (error) return <Trouble error={error} onRetry={refetch} />
  if (!account) return <Skeleton h={200} aria-label="Loading" />
  const refused = ability?.allowed === false ? ability.message : undefined
  const add = (
    <ReasonedButton reason={refused} disabled={!ability} onClick={() => open('create-token')}>
      Add token
    </ReasonedButton>
  )
  const by = account.createdBy ? ` by ${account.createdBy.name}` : ''
  return (
    <Stack gap="xl">
      <Stack gap="xs">
        <TextLink {...paths.serviceAccounts(slug)}>← Service accounts</TextLink>
        <SectionHead
          title={<bdi>{account.name}</bdi>}
          about={`Created ${formatExact(account.createdAt)}${by}`}
          actions={<RowMenu label={`Actions for ${account.name}`} actions={actionsOf(account)} />}
        />
        <Group gap="xs">
          <Tag tone={account.role === 'admin' ? 'lead' : 'calm'}>{roles[account.role]}</Tag>
        </Group>
        <CopyLine label="Account id" value={account.id} copyLabel="Copy account id" />
      </Stack>
      <Section title="API tokens" order={3} actions={add}>
        {refused && <Text>{refused}</Text>}
        <TokensTable
          label="API tokens"
          rows={tokens}
          refreshReason={refused}
          empty={<Empty title="No tokens yet" action={!refused && add} />}
        />
      </Section>
      <AccountGroups account={account} />
      <AccountMappings accountId={id} />
      <ServiceAccountDialogs />
      <TokenDialogs accountId={id} createTitle="Add token" />
    </Stack>
  )
}
