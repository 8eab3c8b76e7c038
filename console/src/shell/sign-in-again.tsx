import { Button, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ask, onSessionEnd } from '../api'
import { getMe } from '../client/sdk.gen'
import { Dialog } from '../ui/dialog'
import { meQuery, useMe } from './session'
import { SignInForm } from './sign-in-form'

/** A session that ended in the middle: sign in on top of the page, and what was going on goes on. */
export function SignInAgain() {
  const { user } = useMe()
  const queryClient = useQueryClient()
  const [waiting, setWaiting] = useState<((renewed: boolean) => void)[]>([])

  useEffect(() => {
    onSessionEnd(() => new Promise((resolve) => setWaiting((others) => [...others, resolve])))
    return () => onSessionEnd(undefined)
  }, [])

  if (waiting.length === 0) return null

  const renew = async () => {
    const me = await ask(getMe())
    // Someone else signed in: nothing on this page is theirs.
    if (me.user?.id !== user.id) return window.location.assign('/')
    queryClient.setQueryData(meQuery.queryKey, me)
    for (const resume of waiting) resume(true)
    setWaiting([])
  }
  const leave = () => window.location.assign('/sign-in')

  return (
    <Dialog title="Sign in again" size="sm" onClose={leave}>
      <Stack gap="md">
        <Text>Your session has ended. Sign in to go on where you were; nothing that you typed is lost.</Text>
        <SignInForm email={user.email} onSignedIn={renew} />
        <Button variant="subtle" color="gray" onClick={leave}>
          Leave this page
        </Button>
      </Stack>
    </Dialog>
  )
}
