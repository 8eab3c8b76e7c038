import { Button, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useState } from 'react'
import { DialogActions } from './dialog'

type Words = { warning: string; back: string }

/**
 * Guards texts that are shown once: leaving before each of them was copied asks once, however one leaves. `keys` names
 * what is shown; nothing is guarded while it is empty.
 */
export function useUncopied(keys: readonly string[], words: Words, onLeave: () => void) {
  const [copied, setCopied] = useState<readonly string[]>([])
  const [asked, setAsked] = useState(false)
  const [asking, setAsking] = useState(false)
  const atRisk = !asked && keys.some((key) => !copied.includes(key))
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
    onCopied: (...taken: string[]) => setCopied((before) => [...before, ...taken]),
    question: <Uncopied {...words} onLeave={onLeave} onBack={() => setAsking(false)} />,
  }
}

function Uncopied({ warning, back, onLeave, onBack }: Words & { onLeave: () => void; onBack: () => void }) {
  return (
    <>
      <Text>{warning}</Text>
      <DialogActions>
        <Button variant="default" onClick={onLeave}>
          Close anyway
        </Button>
        <Button onClick={onBack} autoFocus>
          {back}
        </Button>
      </DialogActions>
    </>
  )
}
