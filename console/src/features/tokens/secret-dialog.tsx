import { Button, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { Dialog, DialogActions } from '../../ui/dialog'
import { SecretShown } from './secret-shown'

type Props = {
  title: string
  /** The form that leads to a secret. */
  children: (show: (secret: string) => void) => ReactNode
  onClose: () => void
}

/** A form, then the secret that it made; leaving before copying asks once, however one leaves. */
export function SecretDialog({ title, children, onClose }: Props) {
  const [secret, setSecret] = useState<string>()
  const [copied, setCopied] = useState(false)
  const [asked, setAsked] = useState(false)
  const [asking, setAsking] = useState(false)
  const atRisk = secret !== undefined && !copied && !asked
  const ask = () => {
    setAsked(true)
    setAsking(true)
  }
  useBlocker({
    shouldBlockFn: () => {
      if (atRisk) ask()
      return atRisk
    },
    enableBeforeUnload: () => atRisk,
  })
  const close = () => (atRisk ? ask() : onClose())

  if (secret === undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        {children(setSecret)}
      </Dialog>
    )
  }
  return (
    <Dialog title={asking ? 'Close without copying?' : 'Your new token'} size="lg" onClose={close}>
      {asking ? (
        <>
          <Text>
            You haven’t copied the token, and it can’t be shown again. You would have to refresh it to get a new one.
          </Text>
          <DialogActions>
            <Button variant="default" onClick={onClose}>
              Close anyway
            </Button>
            <Button onClick={() => setAsking(false)} autoFocus>
              Back to the token
            </Button>
          </DialogActions>
        </>
      ) : (
        <SecretShown secret={secret} onCopied={() => setCopied(true)} onDone={close} />
      )}
    </Dialog>
  )
}
