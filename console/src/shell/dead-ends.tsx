import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { Problem } from '../api'
import { paths } from '../paths'
import { Empty } from '../ui/empty'
import { ButtonLink } from '../ui/links'
import { Failure } from '../ui/notice'
import { signOut } from './auth'

export function NotFound() {
  return (
    <Empty order={2} title="Not found" action={<ButtonLink {...paths.home()}>Go to the start</ButtonLink>}>
      There is nothing here, or not for you. The link may be old, or made for another organization.
    </Empty>
  )
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const again = () => {
    reset()
    void router.invalidate()
  }
  if (error instanceof Problem && error.status === 404) return <NotFound />
  const known = error instanceof Problem ? error : new Error('Something went wrong on this page.')
  return (
    <Group justify="center" p="xl">
      <Failure
        error={known}
        action={
          <Button size="xs" variant="default" onClick={again}>
            Try again
          </Button>
        }
      />
    </Group>
  )
}

export function NoOrganization() {
  const leave = useMutation({ mutationFn: signOut, onSettled: () => window.location.assign('/sign-in') })
  return (
    <Empty
      order={1}
      title="You belong to no organization"
      action={
        <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
          Sign out
        </Button>
      }
    >
      Ask an admin of your organization to invite you, then open the link that you get.
    </Empty>
  )
}
