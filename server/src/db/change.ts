import { type Kysely, sql, type Transaction } from 'kysely'
import { type Actor, type AuditEntry, type AuditRecord, chainHash } from '../features/audit/rules.ts'
import type { World } from '../kernel/deps.ts'
import { ok, type Refused, type Result } from '../kernel/result.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>
/** What may be read inside one organization's wall. */
export type Reader = Pick<Database, 'selectFrom'>
/** A transaction inside one organization's wall; `change` is the only way to one. */
export type Writer = Transaction<Tables>

/**
 * A record that every process must forget (P11). `organization` means its settings and roles; a token is named by the
 * hash of its secret, which is how it is remembered. `provider` means an OAuth provider's record and keys, by its id;
 * `issuer` whatever is known of who is registered and mapped there, by the issuer itself (E4). `version` stands with an
 * organization whose setting was saved, so that it can be told who obeys it (P11).
 */
export interface Forget {
  kind: 'organization' | 'account' | 'token' | 'provider' | 'issuer'
  id: string
  version?: number
}

/** A1: on whose behalf and from where a change is made. */
export interface By {
  organizationId: string
  actor: Actor
  at: Date
  ip: string | null
  userAgent: string | null
  requestId: string | null
}

type Changed<T> = { ok: true; value: T; events: readonly [AuditEntry, ...AuditEntry[]]; forget: readonly Forget[] }
/** What was asked for is so already: nothing is written, so there is nothing to tell. */
type Unchanged<T> = { ok: true; value: T; unchanged: true }
export type Outcome<T, Code extends string> = Changed<T> | Unchanged<T> | Refused<Code>

export type Change = ReturnType<typeof changer>
export type Read = ReturnType<typeof reader>

const enter = (tx: Transaction<Tables>, organizationId: string) =>
  sql`select set_config('portcullis.organization', ${organizationId}, true)`.execute(tx)

/** Rolls the transaction back while carrying its result out of it. */
class Rollback extends Error {
  readonly result: Result<unknown, string>
  constructor(result: Result<unknown, string>) {
    super('nothing is written')
    this.result = result
  }
}

/** Reads inside one organization's wall (O1): row-level security hides every other organization's rows. */
export const reader =
  (db: Database) =>
  <T>(organizationId: string, work: (db: Reader) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (tx) => {
      await enter(tx, organizationId)
      return work(tx)
    })

/**
 * The only way to a Writer. One transaction holds the change, its audit events (A1, chained as A2) and its feed entry;
 * the organization's row is locked first, so changes of one organization happen one after another and whatever `work`
 * reads is true until commit (O2, P12). The feed's number is taken last, since its lock is shared by all (a plain
 * sequence would let a later number commit first). `applied` forgets in this process before anybody is answered (P11).
 */
export const changer =
  (db: Database, world: Pick<World, 'newId'>, applied: (forget: readonly Forget[]) => void) =>
  async <T, Code extends string>(by: By, work: (tx: Writer) => Promise<Outcome<T, Code>>): Promise<Result<T, Code>> => {
    let forget: readonly Forget[] = []
    try {
      return await db.transaction().execute(async (tx) => {
        await enter(tx, by.organizationId)
        await tx.selectFrom('organizations').select('id').where('id', '=', by.organizationId).forUpdate().execute()
        const outcome = await work(tx)
        // Also without a change: should `work` have written something all the same, it must not stay without an event.
        if (!outcome.ok) throw new Rollback(outcome)
        if ('unchanged' in outcome) throw new Rollback(ok(outcome.value))
        forget = outcome.forget
        await appendEvents(tx, by, outcome.events, world)
        await sql`select append_to_feed(${by.organizationId}, ${JSON.stringify(forget)}::jsonb)`.execute(tx)
        return { ok: true, value: outcome.value } as const
      })
    } catch (error) {
      if (error instanceof Rollback) return error.result as Result<T, Code>
      throw error
    } finally {
      // Also after an error: a commit whose answer was lost may have happened, and to forget harms nobody.
      applied(forget)
    }
  }

async function appendEvents(
  tx: Writer,
  by: By,
  entries: readonly AuditEntry[],
  world: Pick<World, 'newId'>,
): Promise<void> {
  const end = await tx
    .selectFrom('organizations')
    .select(['audit_sequence', 'audit_hash'])
    .where('id', '=', by.organizationId)
    .executeTakeFirstOrThrow()
  let sequence = end.audit_sequence
  let previousHash = end.audit_hash
  const rows = entries.map((entry) => {
    sequence += 1
    const record = recordOf(by, entry, world.newId('evt'), sequence)
    const row = rowOf(record, previousHash)
    previousHash = row.hash
    return row
  })
  await tx.insertInto('audit_events').values(rows).execute()
  await tx
    .updateTable('organizations')
    .set({ audit_sequence: sequence, audit_hash: previousHash })
    .where('id', '=', by.organizationId)
    .execute()
}

/** A value as it will be read back, dates as text, since the hash covers what is stored (A2). */
const asRead = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

const recordOf = (by: By, entry: AuditEntry, id: string, sequence: number): AuditRecord => ({
  id,
  organizationId: by.organizationId,
  sequence,
  time: by.at.toISOString(),
  actor: by.actor,
  action: entry.action,
  target: entry.target,
  before: asRead(entry.before),
  after: asRead(entry.after),
  ip: by.ip,
  userAgent: by.userAgent,
  requestId: by.requestId,
})

const asJson = (value: unknown) => (value === null ? null : JSON.stringify(value))

const rowOf = (record: AuditRecord, previousHash: string) => ({
  id: record.id,
  organization_id: record.organizationId,
  sequence: record.sequence,
  time: new Date(record.time),
  actor: JSON.stringify(record.actor),
  actor_id: record.actor.id,
  action: record.action,
  target: JSON.stringify(record.target),
  target_id: record.target.id,
  before: asJson(record.before),
  after: asJson(record.after),
  ip: record.ip,
  user_agent: record.userAgent,
  request_id: record.requestId,
  previous_hash: previousHash,
  hash: chainHash(previousHash, record),
})
