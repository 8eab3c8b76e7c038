import { Button, Group, Paper, Skeleton, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { revokeOtherSessions, revokeSession } from '../../shell/auth'
import { Failure } from '../../ui/notice'
import { notify, notifyFailure } from '../../ui/notify'
import { Section } from '../../ui/page'
import { RelativeTime } from '../../ui/relative-time'
import { Tag } from '../../ui/tag'
import { sessionQuery, sessionsQuery } from './queries'
import { describeAgent } from './words'

export function SessionsSection() {
  const { data: here } = useQuery(sessionQuery)
  const { data: sessions, error } = useQuery(sessionsQuery)
  const queryClient = useQueryClient()
  const options = (says: string) => ({
    onError: notifyFailure,
    onSuccess: () => {
      notify(says)
      void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    },
  })
  const end = useMutation({ mutationFn: revokeSession, ...options('Session signed out') })
  const endOthers = useMutation({ mutationFn: revokeOtherSessions, ...options('Signed out everywhere else') })
  const current = here?.session.id
  const others = sessions?.filter(({ id }) => id !== current) ?? []

  return (
    <Section
      title="Sessions"
      about="Where you are signed in."
      actions={
        <Button
          variant="default"
          disabled={others.length === 0}
          loading={endOthers.isPending}
          onClick={() => endOthers.mutate()}
        >
          Sign out everywhere else
        </Button>
      }
    >
      <Stack gap="xs">
        <Failure error={error} />
        {!sessions && !error && <Skeleton h={52} />}
        {sessions?.map(({ id, token, userAgent, ipAddress, updatedAt }) => (
          <Paper key={id} withBorder px="md" py="xs">
            <Group justify="space-between" gap="sm">
              <div style={{ minWidth: 0 }}>
                <Text fw={550}>{describeAgent(userAgent)}</Text>
                <Text c="dimmed" size="xs">
                  {ipAddress ? `${ipAddress} · ` : ''}
                  <RelativeTime iso={updatedAt} none="" />
                </Text>
              </div>
              {id === current ? (
                <Tag tone="good">This session</Tag>
              ) : (
                <Button
                  variant="subtle"
                  color="red"
                  size="xs"
                  loading={end.isPending && end.variables === token}
                  onClick={() => end.mutate(token)}
                >
                  Sign out
                </Button>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
    </Section>
  )
}
