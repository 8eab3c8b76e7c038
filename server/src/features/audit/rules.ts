import { hash } from 'node:crypto'
import type { AuditAction } from '../../kernel/audit-actions.ts'

export { type AuditAction, auditActions } from '../../kernel/audit-actions.ts'

/** A1: who did it. `operator` is whoever runs the instance (commands); `anonymous` holds no credential (a refused sign-in). */
export interface Actor {
  kind: 'member' | 'service_account' | 'operator' | 'anonymous'
  id: string | null
  name: string
}

export interface Target {
  kind:
    | 'organization'
    | 'settings'
    | 'member'
    | 'service_account'
    | 'invitation'
    | 'group'
    | 'token'
    | 'session'
    | 'oauth_provider'
    | 'account_mapping'
    | 'preview_features'
    | 'preview_feature'
  id: string
  name: string
}

/** A1: what a change says about itself. `before` and `after` never hold a secret. */
export interface AuditEntry {
  action: AuditAction
  target: Target
  before?: unknown
  after?: unknown
}

/** One link of an organization's chain (A2): everything that the hash covers. */
export interface AuditRecord {
  id: string
  organizationId: string
  sequence: number
  time: string
  actor: Actor
  action: string
  target: Target
  before: unknown
  after: unknown
  ip: string | null
  userAgent: string | null
  requestId: string | null
}

/** JSON with sorted keys and no white space (the idea of RFC 8785): a stored record hashes as the written one did. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((it) => canonicalJson(it ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const members = Object.entries(value)
    .filter(([, it]) => it !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, it]) => `${JSON.stringify(key)}:${canonicalJson(it)}`).join(',')}}`
}

/** A2: the hash of an event, which covers the hash of the one before it; the first event's predecessor is ''. */
export const chainHash = (previousHash: string, record: AuditRecord): string =>
  hash('sha256', `${previousHash}\n${canonicalJson(record)}`, 'hex')

/** The end of a chain up to some event: its number and its hash. Before the first event: 0 and ''. */
export interface ChainEnd {
  sequence: number
  hash: string
}

export const chainStart: ChainEnd = { sequence: 0, hash: '' }

/** An event as it is stored, with the two hashes that tie it to its neighbours and the ids by which it is found. */
export interface ChainLink {
  record: AuditRecord
  previousHash: string
  hash: string
  foundBy: { actorId: string | null; targetId: string }
}

/** A2: up to where an operator removed old events, when, and which event records it: the chain goes on from there. */
export interface Cut extends ChainEnd {
  time: Date
  recordedAs: number
}

/** A2: what may be wrong with a chain. */
export const chainFaultTexts = {
  missing: 'the event is missing, and no recorded cut accounts for it',
  out_of_place: 'it does not follow from the event before it, which was altered, replaced or removed',
  altered: 'its content is not what was written',
  cut_off: 'this event and all after it are missing',
  rewritten: 'the chain was rewritten: its hash is not the one that was known before',
  surplus: 'it was put there past the service, which never wrote an event of this number',
  end_altered: 'the hash that the organization keeps of this last event was altered',
  left_over: 'a recorded cut removed it, and yet it is there; if `audit retain` was interrupted, run it once more',
  beyond_checkpoint: 'the log was cut beyond the checkpoint, so nothing vouches for what follows',
} as const

export type ChainFault = { sequence: number; fault: keyof typeof chainFaultTexts }

/** A2: every check on one event, in order; undefined when it continues the chain. */
export function faultOfLink(end: ChainEnd, link: ChainLink): ChainFault | undefined {
  const { record, foundBy } = link
  const sequence = end.sequence + 1
  if (record.sequence !== sequence) return { sequence, fault: 'missing' }
  if (link.previousHash !== end.hash) return { sequence, fault: 'out_of_place' }
  if (link.hash !== chainHash(end.hash, record)) return { sequence, fault: 'altered' }
  // Filters go by these copies: a wrong one would hide an event from whoever looks for it.
  const isFound = foundBy.actorId === record.actor.id && foundBy.targetId === record.target.id
  return isFound ? undefined : { sequence, fault: 'altered' }
}
