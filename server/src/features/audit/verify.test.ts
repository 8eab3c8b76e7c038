import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { exportEvents, verifyChain } from './actions.ts'
import { type AuditEntry, chainHash } from './rules.ts'
import { readLinks } from './store.ts'

describeOnBoth('the chain of audit events (A2)', (open) => {
  let database: TestDatabase
  let app: Harness
  beforeAll(async () => {
    database = await open()
    app = await harness(database)
  })

  /** An organization with a few events, names in any script and JSON of any shape among them. */
  async function withEvents() {
    const it = await app.newOrganization('Größe 水')
    await it.newToken()
    await it.newGroup([it.admin.accountId], 'a "b" \\ 😀')
    await it.newToken(it.admin, { expiresAt: new Date(app.clock.now.getTime() + 86_400_000) })
    await it.newMember()
    await it.setCreation({ creation: 'none' })
    const verified = await verifyChain(app.deps, it.id)
    return { id: it.id, end: verified?.end ?? { sequence: 0, hash: '' } }
  }
  const tamper = (query: ReturnType<typeof sql>) => query.execute(database.owner)

  test('what was written verifies up to its end, and a checkpoint agrees for good', async () => {
    const { id, end } = await withEvents()
    expect(end.sequence).toBeGreaterThan(4)
    expect(await verifyChain(app.deps, id, end)).toEqual({ end })
    await app.deps.change(
      {
        organizationId: id,
        actor: { kind: 'operator', id: null, name: 'Test' },
        at: app.clock.now,
        ip: null,
        userAgent: null,
        requestId: null,
      },
      async () => ({
        ok: true,
        value: undefined,
        events: [{ action: 'token.updated', target: { kind: 'token', id: 'tok_x', name: 'x' } }],
        forget: [],
      }),
    )
    expect((await verifyChain(app.deps, id, end))?.end.sequence).toBe(end.sequence + 1)
  })

  test.each([
    ['who did it', sql`actor = '{"kind":"member","id":"mem_other","name":"Mallory"}'`],
    ['what was done', sql`action = 'token.revoked'`],
    ['when', sql`time = time + interval '1 second'`],
    ['what it was', sql`before = '{"creation":"all"}'`],
    ['from where', sql`ip = '192.0.2.1'`],
  ])('an event whose %s was altered is named', async (_what, set) => {
    const { id } = await withEvents()
    await tamper(sql`update audit_events set ${set} where organization_id = ${id} and sequence = 3`)
    expect((await verifyChain(app.deps, id))?.fault).toEqual({ sequence: 3, fault: 'altered' })
  })

  test('an event that was removed is named, in the middle and at the end', async () => {
    const { id, end } = await withEvents()
    await tamper(sql`delete from audit_events where organization_id = ${id} and sequence = ${end.sequence}`)
    expect((await verifyChain(app.deps, id))?.fault).toEqual({ sequence: end.sequence, fault: 'cut_off' })
    await tamper(sql`delete from audit_events where organization_id = ${id} and sequence = 2`)
    expect((await verifyChain(app.deps, id))?.fault).toEqual({ sequence: 2, fault: 'missing' })
  })

  /** Everything that somebody with the owner's rights can do: all hashes fit again. */
  async function rewrite(id: string, upTo: number): Promise<void> {
    const links = await app.deps.read(id, (db) => readLinks(db, id, 0, 100))
    let previous = ''
    for (const { record } of links.slice(0, upTo)) {
      const forged = { ...record, userAgent: 'forged' }
      const hash = chainHash(previous, forged)
      await tamper(sql`update audit_events set user_agent = 'forged', previous_hash = ${previous}, hash = ${hash}
        where organization_id = ${id} and sequence = ${record.sequence}`)
      previous = hash
    }
    await tamper(sql`delete from audit_events where organization_id = ${id} and sequence > ${upTo}`)
    await tamper(sql`update organizations set audit_sequence = ${upTo}, audit_hash = ${previous} where id = ${id}`)
  }

  test('a chain that was rewritten whole passes by itself; the checkpoint finds it', async () => {
    const { id, end } = await withEvents()
    await rewrite(id, end.sequence)
    expect((await verifyChain(app.deps, id))?.fault).toBeUndefined()
    expect((await verifyChain(app.deps, id, end))?.fault).toEqual({ sequence: end.sequence, fault: 'rewritten' })
  })

  test('a chain that was cut off cleanly passes by itself; the checkpoint finds it', async () => {
    const { id, end } = await withEvents()
    await rewrite(id, 2)
    expect((await verifyChain(app.deps, id))?.fault).toBeUndefined()
    expect((await verifyChain(app.deps, id, end))?.fault).toEqual({ sequence: 3, fault: 'cut_off' })
  })

  test('the service itself can neither alter nor remove an event', async () => {
    const { id } = await withEvents()
    const within = (query: ReturnType<typeof sql>) =>
      database.db.transaction().execute(async (tx) => {
        await sql`select set_config('portcullis.organization', ${id}, true)`.execute(tx)
        await query.execute(tx)
      })
    await expect(within(sql`update audit_events set action = 'x'`)).rejects.toMatchObject({ code: '42501' })
    await expect(within(sql`delete from audit_events`)).rejects.toMatchObject({ code: '42501' })
  })

  test('an organization that is not there', async () => {
    expect(await verifyChain(app.deps, 'org_01m86hkqn3f6a8dascc8dvc5t0')).toBeUndefined()
  })

  test('an export that is broken off reads no further', async () => {
    const { id } = await withEvents()
    const events = Array.from(
      { length: 1500 },
      (): AuditEntry => ({ action: 'token.updated', target: { kind: 'token', id: 'tok_x', name: 'x' } }),
    ) as [AuditEntry]
    const actor = { kind: 'operator' as const, id: null, name: 'Test' }
    const by = { organizationId: id, actor, at: app.clock.now, ip: null, userAgent: null, requestId: null }
    await app.deps.change(by, async () => ({ ok: true, value: undefined, events, forget: [] }))
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
    }
    const writer = { head: '', line: () => 'x\n' }
    const stream = exportEvents({ ...app.deps, read: counting }, caller, {}, writer).getReader()
    expect(reads).toBe(0)
    await stream.read()
    expect(reads).toBe(1)
    await stream.cancel()
    expect(reads).toBe(1)
  })
})
