import { Button, Divider, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ask } from '../../api'
import { acceptInvitation } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { Centered, CenteredSkeleton } from '../../shell/centered'
import { meQuery } from '../../shell/session'
import { ButtonLink } from '../../ui/links'
import { Failure, Notice } from '../../ui/notice'
import { useServerForm } from '../../ui/use-server-form'
import { AcceptanceForm, useJoin } from './acceptance-form'
import { FreshStart } from './fresh-start'
import { invitationQuery, type OpenInvitation } from './queries'

export function InvitationPage() {
  const { secret } = useParams({ from: '/invitations/$secret' })
  const { data: invitation, error } = useQuery(invitationQuery(secret))
  const me = useQuery({ ...meQuery, retry: false })
  if (error) {
    return (
      <Centered title="This invitation can’t be used">
        <Notice>
          It may have been accepted already, withdrawn, or have expired. Ask the person who invited you for a new one.
        </Notice>
        <ButtonLink {...paths.home()} variant="default">
          Go to settings
        </ButtonLink>
      </Centered>
    )
  }
  if (!invitation || me.isPending) return <CenteredSkeleton />
  const { organization, email } = invitation
  const signedInAs = me.data?.user?.email
  const isInvited = signedInAs?.toLowerCase() === email.toLowerCase()
  return (
    <Centered title={`Join ${organization.name}`} about={<bdi>{email}</bdi>}>
      {signedInAs && !isInvited && (
        <Notice>
          You’re signed in as <bdi>{signedInAs}</bdi>. This invitation is for <bdi>{email}</bdi>.
        </Notice>
      )}
      {isInvited ? <JoinSignedIn secret={secret} /> : <JoinAsGuest secret={secret} invitation={invitation} />}
    </Centered>
  )
}

/** A shown link does not tell whether the address has an account, so both ways are offered. */
function JoinAsGuest({ secret, invitation }: { secret: string; invitation: OpenInvitation }) {
  const { email, userExists, freshStart } = invitation
  const signIn = paths.signIn(`/invitations/${secret}`)
  if (userExists === false) return <AcceptanceForm secret={secret} action="Create account and join" />
  if (userExists === null) {
    return (
      <>
        <Stack gap="xs">
          <Text fw={600}>Already have an account?</Text>
          <ButtonLink {...signIn} variant="default" fullWidth>
            Sign in
          </ButtonLink>
        </Stack>
        <Divider label="or" />
        <Stack gap="xs">
          <Text fw={600}>New here?</Text>
          <AcceptanceForm secret={secret} action="Create account and join" />
        </Stack>
      </>
    )
  }
  return (
    <>
      {freshStart?.state !== 'ready' && (
        <>
          <Text>
            <bdi>{email}</bdi> already has an account. Sign in to accept the invitation.
          </Text>
          <ButtonLink {...signIn} fullWidth>
            Sign in
          </ButtonLink>
        </>
      )}
      {freshStart && <FreshStart secret={secret} freshStart={freshStart} />}
      {freshStart?.state === 'ready' && (
        <ButtonLink {...signIn} variant="default" fullWidth>
          Sign in instead
        </ButtonLink>
      )}
    </>
  )
}

function JoinSignedIn({ secret }: { secret: string }) {
  const join = useJoin()
  const { pending, failure, onSubmit } = useServerForm({
    initialValues: {},
    send: () => ask(acceptInvitation({ path: { secret }, body: {} })),
    onDone: join,
  })
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="md">
        <Failure error={failure} />
        <Button type="submit" loading={pending} fullWidth>
          Join
        </Button>
      </Stack>
    </form>
  )
}
