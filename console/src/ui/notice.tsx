import type { ReactNode } from 'react'
import classes from './notice.module.css'
import type { Tone } from './tag'

type Props = { tone?: Tone; title?: string; children?: ReactNode; action?: ReactNode; role?: 'alert' | 'status' }

/** A sentence or two that stay in place, as opposed to a notification. */
export function Notice({ tone = 'calm', title, children, action, role }: Props) {
  return (
    <div className={`${classes.notice} ${classes[tone]}`} role={role}>
      <div className={classes.text}>
        {title && <div className={classes.title}>{title}</div>}
        {children}
      </div>
      {action}
    </div>
  )
}

/** What failed and what to do, next to where it failed. */
export function Failure({ error, action }: { error: Error | null | undefined; action?: ReactNode }) {
  return error ? (
    <Notice tone="bad" role="alert" action={action}>
      {error.message}
    </Notice>
  ) : null
}
