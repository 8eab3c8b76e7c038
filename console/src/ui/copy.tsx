import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import classes from './copy.module.css'

export function CopyIcon({ value, label }: { value: string; label: string }) {
  const { copied, copy } = useClipboard({ timeout: 1500 })
  return (
    <Tooltip label={copied ? 'Copied' : label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={() => copy(value)}>
        {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}

type CopyButtonProps = { value: string; label: string; onCopy?: () => void; autoFocus?: boolean }

export function CopyButton({ value, label, onCopy, autoFocus }: CopyButtonProps) {
  const { copied, copy } = useClipboard({ timeout: 2000 })
  const press = () => {
    copy(value)
    onCopy?.()
  }
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      onClick={press}
      {...(autoFocus && { autoFocus, 'data-autofocus': true })}
    >
      {copied ? 'Copied' : label}
    </Button>
  )
}

/** One line to read and take along: an id, a header, a link. */
export function CopyLine({ label, value, copyLabel }: { label: string; value: string; copyLabel: string }) {
  return (
    <div className={classes.line}>
      <span className={classes.label}>{label}</span>
      <code className={classes.value}>{value}</code>
      <CopyIcon value={value} label={copyLabel} />
    </div>
  )
}

/** A block of code with its copy button; long lines wrap, so that nothing hides. */
export function CopyBlock({ value, label, onCopy, autoFocus }: CopyButtonProps) {
  return (
    <div className={classes.block}>
      <code className={classes.code}>{value}</code>
      <CopyButton value={value} label={label} {...(onCopy && { onCopy })} {...(autoFocus && { autoFocus })} />
    </div>
  )
}
