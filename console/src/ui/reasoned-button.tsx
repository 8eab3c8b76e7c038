import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { MouseEventHandler, ReactNode } from 'react'

type Props = ButtonProps & {
  children: ReactNode
  onClick?: MouseEventHandler<HTMLButtonElement>
  /** Why the button can't be used now; shown on hover and focus, and read aloud. */
  reason?: string | undefined
}

/** Disabled with a reason rather than hidden: the button stays reachable, so that the reason is too. */
export function ReasonedButton({ reason, onClick, children, ...props }: Props) {
  if (!reason) {
    return (
      <Button {...props} {...(onClick && { onClick })}>
        {children}
      </Button>
    )
  }
  return (
    <Tooltip label={reason} multiline maw={300}>
      <Button
        {...props}
        data-disabled
        aria-disabled="true"
        aria-description={reason}
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  )
}
