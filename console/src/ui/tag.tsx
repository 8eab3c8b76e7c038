import type { ReactNode } from 'react'
import classes from './tag.module.css'

export type Tone = 'good' | 'wait' | 'bad' | 'calm' | 'lead'

export function Tag({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${classes.tag} ${classes[tone]}`}>{children}</span>
}
