import type { Confirmation, Instance, Outbox, Passwords, Sessions, World } from '../kernel/deps.ts'
import type { Change, Read } from './change.ts'
import type { Lookups } from './lookups.ts'
import type { People } from './people.ts'
import type { Setups } from './setups.ts'

/** What actions are given: never the whole database, only its doors. */
export interface Deps extends World {
  read: Read
  change: Change
  lookups: Lookups
  people: People
  setups: Setups
  outbox: Outbox
  passwords: Passwords
  sessions: Sessions
  instance: Instance
  confirmation: Confirmation
}
