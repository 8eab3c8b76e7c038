import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { auditLogs, type Tampering } from '../../../test/audit-log.ts'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { exportEvents } from './actions.ts'

describeOnBoth('A2: the service and its audit log', (open) => {
  let database: TestDatabase
  let app: Harness
  let id: string
  beforeAll(async () => {
    database = await open()
    app = await harness(database)
    id = (await app.newOrganization('Acme')).id
  })

  test('can neither alter nor remove an event', async () => {
    const within = (query: Tampering) =>
      database.db.transaction().execute(async (tx) => {
        await sql`select set_config('portcullis.organization', ${id}, true)`.execute(tx)
        await query.execute(tx)
      })
    await expect(within(sql`update audit_events set action = 'x'`)).rejects.toMatchObject({ code: '42501' })
    await expect(within(sql`delete from audit_events`)).rejects.toMatchObject({ code: '42501' })
    await expect(within(sql`truncate audit_events`)).rejects.toMatchObject({ code: '42501' })
  })

  test('reads no further when an export is broken off', async () => {
    await auditLogs(app, database).append(id, 900)
    let reads = 0
    const counting: typeof app.deps.read = (organizationId, work) => {
      reads += 1
      return app.deps.read(organizationId, work)
    }
    const caller = {
      accountId: 'mem_x',
      organizationId: id,
      kind: 'member' as const,
      name: 'Ada',
      role: 'admin' as const,
      credential: { kind: 'session' as const, userId: 'usr_x', sessionId: 'ses_x' },
      requires: 'admin' as const,
    }
    const writer = { head: '', line: () => 'x\n' }
    const stream = (await exportEvents({ ...app.deps, read: counting }, caller, {}, writer)).getReader()
    expect(reads).toBe(1)
    await stream.read()
    expect(reads).toBe(1)
    await stream.cancel()
    expect(reads).toBe(1)
  })
})
