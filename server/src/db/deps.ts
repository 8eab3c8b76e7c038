import type { Catalogue } from '../features/catalogue/rules.ts'
import type { OAuthProvider } from '../features/oauth-providers/rules.ts'
import type { KeySet } from '../features/signing-keys/rules.ts'
import type { Instance, Outbox, Passwords, Sessions, Trace, World } from '../kernel/deps.ts'
import type { MailQueue } from '../mail/queue.ts'
import type { FetchJson } from '../outbound/fetch-json.ts'
import type { Change, Read } from './change.ts'
import type { Limiter } from './limiter.ts'
import type { Lookups } from './lookups.ts'
import type { Peers } from './peers.ts'
import type { People } from './people.ts'
import type { Setups } from './setups.ts'

/** A provider's keys as every process may have them: stored with the provider, and told by the change feed (E7). */
export interface KeptKeys {
  set: KeySet
  /** Unix milliseconds. */
  fetchedAtMs: number
}

export interface KeyStatus {
  fetchedAtMs: number | undefined
  count: number
  lastError: string | null
}

export type Keyed = Pick<OAuthProvider, 'id' | 'organizationId' | 'jwksUrl'>

/** What this process knows of providers' keys (E7). */
export interface KeyCache {
  /** The set that may verify now; in the same tick when memory has it. Undefined: `unavailable`. */
  of: (provider: Keyed) => KeySet | undefined | Promise<KeySet | undefined>
  /** After a look for newer keys, at most one in 30 s, for a key that the set does not have. */
  newer: (provider: Keyed) => Promise<KeySet | undefined>
  /** At once, since an admin asks; still one fetch at a time. Resolves when what came of it is stored. */
  refresh: (provider: Keyed) => Promise<KeyStatus>
  /** Something was stored: it is read again before anything of this provider, or of any without an id, counts. */
  forget: (providerId?: string) => void
  status: (providerId: string) => KeyStatus
  /** The age of the oldest set in memory; 0 without any. */
  readonly oldestMs: number
  /** For a timer: begins to fetch whatever is due, so that a withdrawn key goes also where nobody asks. */
  refreshDue: () => Promise<void>
}

/** What actions are given: never the whole database, only its doors. */
export interface Deps extends World {
  read: Read
  change: Change
  lookups: Lookups
  people: People
  setups: Setups
  /** What is counted for all processes together, against guessing and against making us work for others. */
  limiter: Limiter
  outbox: Outbox
  /** Mails leave after the commit of the change that queues them; this waits for them for a bounded time. */
  mailQueue: Pick<MailQueue, 'deliverMails'>
  passwords: Passwords
  sessions: Sessions
  instance: Instance
  /** Who obeys what was saved (P11). */
  peers: Pick<Peers, 'find'>
  presence: { flush: () => Promise<void> }
  /** What the operator publishes (F1); the last good one. */
  catalogue: { current: () => Catalogue }
  /** F5: is a feature on for this organization? */
  previews: { isOn: (organizationId: string, key: string) => Promise<boolean> }
  keys: KeyCache
  /** Guarded against the operator's network (E7). */
  fetchJson: FetchJson
  /** May an admin enter this address: https, or on the operator's list, and no literal address that is not global (E7)? */
  mayNameUrl: (url: string) => boolean
  trace: Trace
  /** The most tokens that an account may have (T11). */
  tokensPerAccount: number
}
