import { Button, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { Problem } from '../api'
import { paths } from '../paths'
import { Empty } from '../ui/empty'
import { ButtonLink } from '../ui/links'
import { Failure } from '../ui/notice'
import { signOut } from './auth'

/** Within the frame; `Lost` is the same where there is no frame. */
export function NotFound({ order = 2 }: { order?: 1 | 2 }) {
  return (
    <Empty order={order} title="Not found" action={<ButtonLink {...paths.home()}>Go to the start</ButtonLink>}>
      There is nothing here, or not for you. The link may be old, or made for another organization.
    </Empty>
  )
}

export function Lost() {
  return (
    <main>
      <NotFound order={1} />
    </main>
  )
}

/** What a page shows when the thing that it is about can't be had. */
export function Trouble({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (error instanceof Problem && error.status === 404) return <NotFound />
  return (
    <Failure
      error={error instanceof Problem ? error : new Error('Something went wrong on this page.')}
      action={
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      }
    />
  )
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Stack p="xl">
      <Trouble error={error} onRetry={again} />
    </Stack>
  )
}

/** The error page where there is no frame either. */
export function BrokenApart(props: ErrorComponentProps) {
  return (
    <main>
      <Broken {...props} />
    </main>
  )
}

export function NoOrganization() {
  const leave = useMutation({ mutationFn: signOut, onSettled: () => window.location.assign('/sign-in') })
  return (
    <main>
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
    </main>
  )
}
