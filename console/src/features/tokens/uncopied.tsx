import { Button, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useState } from 'react'
import { DialogActions } from '../../ui/dialog'

/** Guards a secret that was shown and not copied: leaving asks once, however one leaves. */
export function useUncopied(secret: string | undefined, onLeave: () => void) {
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
  return {
    asking,
    leave: () => (atRisk ? ask() : onLeave()),
    onCopied: () => setCopied(true),
    question: <Uncopied onLeave={onLeave} onBack={() => setAsking(false)} />,
  }
}

function Uncopied({ onLeave, onBack }: { onLeave: () => void; onBack: () => void }) {
  return (
    <>
      <Text>
        You haven’t copied the token, and it can’t be shown again. You would have to refresh it to get a new one.
      </Text>
      <DialogActions>
        <Button variant="default" onClick={onLeave}>
          Close anyway
        </Button>
        <Button onClick={onBack} autoFocus>
          Back to the token
        </Button>
      </DialogActions>
    </>
  )
}
