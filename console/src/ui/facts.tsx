import type { ReactNode } from 'react'
import { Fragment } from 'react'
import classes from './facts.module.css'

export type Fact = [label: string, value: ReactNode]

/** What is known of one thing, line by line. */
export function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([label, value]) => (
        <Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  )
}
