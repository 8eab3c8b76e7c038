import { Group, Skeleton, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { NameList } from '../../ui/name'
import { Section, SectionHead, usePageTitle } from '../../ui/page'
import { Tag } from '../../ui/tag'
import { allGroupsQuery } from '../groups/queries'
import { memberQuery, membersQuery } from '../members/queries'
import { displayName, roles } from '../members/words'

/** The organization as a member who isn't an admin sees it. */
export function OverviewPage() {
  const { id: org, slug, name, role, accountId } = useMembership()
  const { data: self } = useQuery(memberQuery(org, accountId))
  const { data: groups } = useQuery(allGroupsQuery(org))
  const admins = useInfiniteQuery(membersQuery(org, { role: 'admin', status: 'joined' }))
  usePageTitle(name)

  const roleIn = (id: string) => self?.groups.find((group) => group.id === id)?.role
  const mine = groups?.filter(({ id }) => roleIn(id))
  const others = groups?.filter(({ id }) => !roleIn(id))
  return (
    <Stack gap="xl">
      <SectionHead
        title={<bdi>{name}</bdi>}
        about={
          <>
            Your role here: <b>{roles[role]}</b>
          </>
        }
      />
      <Section title="Your groups" order={3}>
        {!mine && <Skeleton h={24} w={200} />}
        {mine?.length === 0 && <Text c="dimmed">You are in no group.</Text>}
        {mine?.map(({ id, name }) => (
          <Group key={id} gap="sm">
            <TextLink {...paths.group(slug, id)}>
              <bdi>{name}</bdi>
            </TextLink>
            {roleIn(id) === 'manager' && <Tag tone="lead">You manage this group</Tag>}
          </Group>
        ))}
      </Section>
      <Section title="Admins" order={3} about="They manage members, groups and the organization’s settings.">
        {!admins.data && <Skeleton h={24} w={240} />}
        {admins.data?.map((admin) => (
          <Text key={admin.id} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{displayName(admin)}</bdi>{' '}
            {admin.email && admin.name && (
              <Text span c="dimmed">
                <bdi>{admin.email}</bdi>
              </Text>
            )}
          </Text>
        ))}
      </Section>
      {others && others.length > 0 && (
        <Section title="Other groups" order={3}>
          <Text style={{ overflowWrap: 'anywhere' }}>
            <NameList names={others.map(({ name }) => name)} />
          </Text>
        </Section>
      )}
    </Stack>
  )
}
