import { sql } from 'kysely'
import { auditRetain } from '../src/cli/audit-retain.ts'
import { auditVerify } from '../src/cli/audit-verify.ts'
import { commandContext } from '../src/cli/context.ts'
import { dispatch } from '../src/cli/dispatch.ts'
import type { AuditEntry } from '../src/features/audit/rules.ts'
import type { TestDatabase } from './databases.ts'
import type { Harness } from './harness.ts'
import { operatorOrigin } from './operator-change.ts'

/** What somebody with the owner's rights can do to a database. */
export type Tampering = ReturnType<typeof sql>

/** Audit logs of a database, the commands that an operator runs on them, and whoever tampers with them. */
export function auditLogs(app: Harness, database: TestDatabase) {
  const context = commandContext(app, database, 'the database of the tests')

  /** What a command prints, and how it ends. */
  async function run(name: 'audit-verify' | 'audit-retain', args: Record<string, unknown>) {
    const lines: string[] = []
    const outcome = await dispatch([auditVerify, auditRetain], context, { name, args }, (line) => void lines.push(line))
    return { ...outcome, text: lines.join('\n') }
  }

  /** So many events at this moment, names in any script and JSON of any shape among them. */
  async function append(organizationId: string, count: number): Promise<void> {
    const entries = Array.from({ length: count }, (_, i): AuditEntry => {
      const target = { kind: 'token' as const, id: `tok_${i}`, name: `Größe 水 "${i}" \\ 😀` }
      return { action: 'token.updated', target, before: { n: 1e21, b: [null, 'a'], a: {} }, after: { '\u2028': i / 3 } }
    })
    const actor = { kind: 'member' as const, id: 'mem_ada', name: 'Ada' }
    const by = {
      ...operatorOrigin,
      organizationId,
      actor,
      at: app.clock.now,
      ip: '192.0.2.7',
      userAgent: 'curl/8',
      requestId: 'r1',
    }
    const events = entries as [AuditEntry]
    await app.deps.change(by, async () => ({ ok: true, value: undefined, events, forget: [] }))
  }

  const tamper = (query: Tampering) => query.execute(database.owner)

  /** Remembers how logs are, to put them back after each tampering. */
  async function keep(ids: readonly string[]): Promise<() => Promise<void>> {
    const list = sql.join(ids)
    const events = await sql<{ it: unknown }>`select to_jsonb(e) as it from audit_events e
      where organization_id in (${list})`.execute(database.owner)
    const ends = await sql<{
      id: string
      audit_sequence: number
      audit_hash: string
    }>`select id, audit_sequence, audit_hash
      from organizations where id in (${list})`.execute(database.owner)
    const rows = JSON.stringify(events.rows.map(({ it }) => it))
    return async () => {
      await tamper(sql`delete from audit_events where organization_id in (${list})`)
      await tamper(
        sql`insert into audit_events select * from jsonb_populate_recordset(null::audit_events, ${rows}::jsonb)`,
      )
      for (const it of ends.rows)
        await tamper(sql`update organizations set audit_sequence = ${it.audit_sequence}, audit_hash = ${it.audit_hash}
          where id = ${it.id}`)
    }
  }

  return { run, append, tamper, keep }
}
