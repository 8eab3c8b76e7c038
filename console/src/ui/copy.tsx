import { ActionIcon, Button, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import classes from './copy.module.css'

type CopyState = 'idle' | 'copied' | 'refused'

const copiedMs = 2000

function selectText(element: HTMLElement) {
  const selection = getSelection()
  selection?.removeAllRanges()
  selection?.selectAllChildren(element)
}

const isApple = /mac|iphone|ipad/i.test(navigator.userAgent)
const copyKeys = isApple ? '⌘C' : 'Ctrl+C'

/**
 * Copies the text of an element. It counts as copied only once the clipboard took it, or once somebody copied the whole
 * selection by hand: a page on plain http has no clipboard, and a browser may refuse it.
 */
function useCopy(value: string, onCopy?: () => void) {
  const shown = useRef<HTMLElement>(null)
  const [state, setState] = useState<CopyState>('idle')
  useEffect(() => {
    if (state !== 'copied') return
    const timer = setTimeout(() => setState('idle'), copiedMs)
    return () => clearTimeout(timer)
  }, [state])

  useEffect(() => {
    if (state === 'refused' && shown.current) selectText(shown.current)
  }, [state])

  const report = () => {
    setState('copied')
    onCopy?.()
  }
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      report()
    } catch {
      setState('refused')
      if (shown.current) selectText(shown.current)
    }
  }
  const onCopiedByHand = () => {
    if (getSelection()?.toString().trim() === value.trim()) report()
  }
  return { shown, state, copy, onCopiedByHand }
}

const CopyIcon = ({ state }: { state: CopyState }) =>
  state === 'copied' ? <IconCheck size={16} /> : <IconCopy size={16} />

function Refused({ state }: { state: CopyState }) {
  if (state !== 'refused') return null
  return (
    <Text role="alert" size="sm" className={classes.refused}>
      The browser didn’t allow copying. The text is selected: press {copyKeys}.
    </Text>
  )
}

/** One line to read and take along: an id, a header, a link. */
export function CopyLine({ label, value, copyLabel }: { label: string; value: string; copyLabel: string }) {
  const { shown, state, copy, onCopiedByHand } = useCopy(value)
  return (
    <div className={classes.line}>
      <span className={classes.label}>{label}</span>
      <code ref={shown} className={classes.value} onCopy={onCopiedByHand}>
        {value}
      </code>
      <Tooltip label={state === 'copied' ? 'Copied' : copyLabel}>
        <ActionIcon variant="subtle" color="gray" size="md" aria-label={copyLabel} onClick={copy}>
          <CopyIcon state={state} />
        </ActionIcon>
      </Tooltip>
      <Refused state={state} />
    </div>
  )
}

type CopyBlockProps = { value: string; label: string; onCopy?: () => void; autoFocus?: boolean }

/** A block of code with its copy button; long lines wrap, so that nothing hides. */
export function CopyBlock({ value, label, onCopy, autoFocus }: CopyBlockProps) {
  const { shown, state, copy, onCopiedByHand } = useCopy(value, onCopy)
  return (
    <div className={classes.block}>
      <code ref={shown} className={classes.code} onCopy={onCopiedByHand}>
        {value}
      </code>
      <Button
        variant="default"
        size="xs"
        leftSection={<CopyIcon state={state} />}
        onClick={copy}
        {...(autoFocus && { autoFocus, 'data-autofocus': true })}
      >
        {state === 'copied' ? 'Copied' : label}
      </Button>
      <Refused state={state} />
    </div>
  )
}

/** Copies several texts at once, one a line, without showing them a second time unless the clipboard refuses. */
export function CopyAll({ values, label, onCopy }: { values: string[]; label: string; onCopy: () => void }) {
  const value = values.join('\n')
  const { shown, state, copy, onCopiedByHand } = useCopy(value, onCopy)
  return (
    <div>
      <Button variant="default" size="xs" leftSection={<CopyIcon state={state} />} onClick={copy}>
        {state === 'copied' ? 'Copied' : label}
      </Button>
      {state === 'refused' && (
        <code ref={shown} className={classes.all} onCopy={onCopiedByHand}>
          {value}
        </code>
      )}
      <Refused state={state} />
    </div>
  )
}
