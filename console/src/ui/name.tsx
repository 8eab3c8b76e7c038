import { Fragment, type ReactNode } from 'react'
import classes from './name.module.css'

/** A name is any Unicode that people use: isolated, so that its direction stays its own, and never wider than its place. */
export function Name({ children, detail }: { children: string; detail?: ReactNode }) {
  return (
    <div className={classes.stack}>
      <div className={classes.name} title={children.length > 40 ? children : undefined}>
        <bdi>{children}</bdi>
      </div>
      {detail && <div className={classes.detail}>{detail}</div>}
    </div>
  )
}

/** Names in a row. Each is isolated, since one that reads from right to left would reorder its neighbours (UAX #9 §2.7). */
export function NameList({ names, none = '–' }: { names: readonly string[]; none?: string }) {
  if (names.length === 0) return none
  return names.map((name, index) => (
    <Fragment key={index}>
      {index > 0 && ', '}
      <bdi>{name}</bdi>
    </Fragment>
  ))
}
