import { Button, Stack, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { ask } from '../../api'
import { acceptInvitation } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { Centered, CenteredSkeleton } from '../../shell/centered'
import { checkNewPassword, NewPasswordInput } from '../../shell/new-password'
import { meQuery } from '../../shell/session'
import { ButtonLink } from '../../ui/links'
import { Failure, Notice } from '../../ui/notice'
import { useServerForm } from '../../ui/use-server-form'
import { invitationQuery } from './queries'

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
          Go to the start
        </ButtonLink>
      </Centered>
    )
  }
  if (!invitation || me.isPending) return <CenteredSkeleton />
  const { organization, email, userExists } = invitation
  const signedInAs = me.data?.user?.email
  return (
    <Centered title={`Join ${organization.name}`} about={<bdi>{email}</bdi>}>
      {!userExists && <NewPerson secret={secret} />}
      {userExists && signedInAs?.toLowerCase() === email.toLowerCase() && <KnownPerson secret={secret} />}
      {userExists && signedInAs?.toLowerCase() !== email.toLowerCase() && (
        <>
          <Notice>
            {signedInAs ? `You are signed in as ${signedInAs}. ` : ''}
            This invitation is for {email}, who has an account here: sign in with it to accept.
          </Notice>
          <ButtonLink {...paths.signIn(`/invitations/${secret}`)}>Sign in</ButtonLink>
        </>
      )}
    </Centered>
  )
}

/** Accepting signs the person in; what was known of whoever was here before is forgotten. */
function useJoin() {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    await queryClient.resetQueries({ queryKey: meQuery.queryKey })
    void navigate({ ...paths.home(), replace: true })
  }
}

function NewPerson({ secret }: { secret: string }) {
  const join = useJoin()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name: '', password: '' },
    validate: { name: (value) => (value.trim() ? null : 'Enter your name'), password: checkNewPassword },
    send: ({ name, password }) => ask(acceptInvitation({ path: { secret }, body: { name: name.trim(), password } })),
    onDone: join,
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <TextInput label="Your name" autoComplete="name" autoFocus {...form.getInputProps('name')} />
        <NewPasswordInput label="Password" {...form.getInputProps('password')} />
        <Failure error={failure} />
        <Button type="submit" loading={pending} fullWidth>
          Join
        </Button>
      </Stack>
    </form>
  )
}

function KnownPerson({ secret }: { secret: string }) {
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
