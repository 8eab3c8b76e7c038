import { UnstyledButton, type UnstyledButtonProps } from '@mantine/core'
import type { ComponentPropsWithRef, ReactNode } from 'react'
import classes from './tag.module.css'

export type Tone = 'good' | 'wait' | 'bad' | 'calm' | 'lead'

export function Tag({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${classes.tag} ${classes[tone]}`}>{children}</span>
}

type ButtonProps = UnstyledButtonProps & ComponentPropsWithRef<'button'> & { tone?: Tone }

/** A tag that can be asked what it means. */
export function TagButton({ tone = 'calm', ...props }: ButtonProps) {
  return <UnstyledButton {...props} className={`${classes.tag} ${classes.button} ${classes[tone]}`} />
}
