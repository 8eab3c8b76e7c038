import { Button, Group, List, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api'
import { startAfresh } from '../../client/sdk.gen'
import { Failure, Notice } from '../../ui/notice'
import { formatExact } from '../../ui/relative-time'
import { AcceptanceForm } from './acceptance-form'
import { invitationQuery, type OpenInvitation } from './queries'

type Props = { secret: string; freshStart: NonNullable<OpenInvitation['freshStart']> }

/** For someone who owns the mailbox but not the sign-in of an account whose address is not confirmed. */
export function FreshStart({ secret, freshStart: { state, readyAt } }: Props) {
  switch (state) {
    case 'available':
      return <RequestFreshStart secret={secret} />
    case 'waiting':
      return (
        <Notice tone="wait" title={`You can start over on ${formatExact(readyAt ?? '')}`}>
          Open this link again then. Current sessions and organizations of this account have been notified, and the
          operator of this service can stop it.
        </Notice>
      )
    case 'ready':
      return (
        <Stack gap="md">
          <Title order={2}>Start over</Title>
          <Consequences />
          <AcceptanceForm secret={secret} action="Start over and join" />
        </Stack>
      )
    case 'stopped':
      return <Notice>Starting over was stopped by the operator of this service. Contact the operator for help.</Notice>
  }
}

function Consequences() {
  return (
    <Stack gap="xs">
      <Text>Starting over replaces the way this account signs in:</Text>
      <List spacing={4}>
        <List.Item>Its password, two-factor authentication and backup codes are removed.</List.Item>
        <List.Item>All its sessions end.</List.Item>
        <List.Item>Its API tokens are revoked. This can’t be undone.</List.Item>
      </List>
      <Text>Its memberships and roles stay.</Text>
    </Stack>
  )
}

function RequestFreshStart({ secret }: { secret: string }) {
  const [asking, setAsking] = useState(false)
  const queryClient = useQueryClient()
  const request = useMutation({
    mutationFn: () => ask(startAfresh({ path: { secret }, body: {} })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: invitationQuery(secret).queryKey }),
  })
  if (!asking) {
    return (
      <Stack gap="xs">
        <Text c="dimmed">
          Can’t sign in, or didn’t create this account? This email shows that the address is yours.
        </Text>
        <Button variant="default" onClick={() => setAsking(true)}>
          Start over
        </Button>
      </Stack>
    )
  }
  return (
    <Stack gap="md">
      <Title order={2}>Start over?</Title>
      <Consequences />
      <Text>
        You can continue in 24 hours. Current sessions and organizations of this account are notified immediately, and
        the operator of this service can stop it.
      </Text>
      <Failure error={request.error} />
      <Group gap="sm" justify="flex-end">
        <Button variant="default" onClick={() => setAsking(false)}>
          Cancel
        </Button>
        <Button loading={request.isPending} onClick={() => request.mutate()}>
          Start over in 24 hours
        </Button>
      </Group>
    </Stack>
  )
}
