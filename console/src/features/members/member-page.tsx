import { Group, Skeleton, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { paths } from '../../paths'
import { Trouble } from '../../shell/dead-ends'
import { useMembership } from '../../shell/session'
import { CopyLine } from '../../ui/copy'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Notice } from '../../ui/notice'
import { Section, SectionHead, usePageTitle } from '../../ui/page'
import { formatExact } from '../../ui/relative-time'
import { RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { AccountMappings } from '../account-mappings/account-mappings'
import { AccountGroups } from '../groups/account-groups'
import { tokensQuery } from '../tokens/queries'
import { TokenDialogs } from '../tokens/token-dialogs'
import { TokensTable } from '../tokens/tokens-table'
import { MailState, MemberStatus } from './invitation-state'
import { MemberDialogs, useMemberActions } from './member-dialogs'
import { type Member, memberQuery } from './queries'
import { addressNotConfirmed, displayName, roles } from './words'

/** What an admin should know about the member's address. */
function AddressNotices({ member: { email, emailProven, freshStartAt } }: { member: Member }) {
  return (
    <>
      {freshStartAt && (
        <Notice tone="bad" title={`The sign-in of this member can be replaced from ${formatExact(freshStartAt)}`}>
          Someone who received an invitation at <bdi>{email}</bdi> asked to start over. Password, two-factor
          authentication and sessions end then, and this member’s API tokens are revoked. If the member doesn’t know
          about it, contact the operator of this service, who can stop it.
        </Notice>
      )}
      {emailProven === false && (
        <Text c="dimmed" maw={640}>
          Nothing shows yet that <bdi>{email}</bdi> belongs to this member. It is confirmed when they use a link that
          was emailed to them, or by the operator of this service.
        </Text>
      )}
    </>
  )
}

export function MemberPage() {
  const { id: org, slug, name: organizationName } = useMembership()
  const { id } = useParams({ from: '/o/$slug/settings/organization/members/$id' })
  const { data: member, error, refetch } = useQuery(memberQuery(org, id))
  const joined = member?.status === 'joined'
  const tokens = useInfiniteQuery({ ...tokensQuery(org, { accountId: id }), enabled: joined })
  const actionsOf = useMemberActions()
  usePageTitle(member && displayName(member), organizationName)

  if (error) return <Trouble error={error} onRetry={refetch} />
  if (!member) return <Skeleton h={200} aria-label="Loading" />
  return (
    <Stack gap="xl">
      <Stack gap="xs">
        <TextLink {...paths.members(slug)}>← Members</TextLink>
        <SectionHead
          title={<bdi>{displayName(member)}</bdi>}
          about={member.email}
          actions={<RowMenu label={`Actions for ${displayName(member)}`} actions={actionsOf(member)} />}
        />
        <Group gap="xs">
          <Tag tone={member.role === 'admin' ? 'lead' : 'calm'}>{roles[member.role]}</Tag>
          <MemberStatus member={member} />
          <MailState mail={member.invitation?.mail} />
          {member.emailProven === false && <Tag tone="wait">{addressNotConfirmed}</Tag>}
        </Group>
        <AddressNotices member={member} />
        <CopyLine label="Account id" value={member.id} copyLabel="Copy account id" />
      </Stack>
      <AccountGroups account={member} />
      <Section title="API tokens" order={3}>
        {joined ? (
          <TokensTable
            label="API tokens"
            rows={tokens}
            empty={<Empty title="No tokens">Members create their tokens themselves, on their “APIs” tab.</Empty>}
          />
        ) : (
          <Empty title="No tokens">Whoever is invited creates tokens after joining.</Empty>
        )}
      </Section>
      <AccountMappings accountId={id} reason={joined ? undefined : 'Whoever is invited can be mapped after joining.'} />
      <MemberDialogs />
      <TokenDialogs accountId={id} />
    </Stack>
  )
}
