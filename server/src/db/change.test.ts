import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeOnBoth, newOrganization, type TestDatabase } from '../../test/databases.ts'
import { changeOn } from '../../test/operator-change.ts'
import { type AuditEntry, chainStart, faultOfLink } from '../features/audit/rules.ts'
import { readLinks } from '../features/audit/store.ts'
import { refuse } from '../kernel/result.ts'
import { createOperatorAuthority, type OperatorAuthority } from './authority.ts'
import { type By, type Forget, reader, type Writer } from './change.ts'

let lastId = 0
const world = { newId: (prefix: string) => `${prefix}_${process.pid}_${++lastId}` }

const by = (organizationId: string): By<OperatorAuthority> => ({
  organizationId,
  actor: { kind: 'member', id: 'mem_1', name: 'Ada' },
  authority: createOperatorAuthority(),
  at: new Date('2026-02-03T04:05:06.789Z'),
  ip: '192.0.2.1',
  userAgent: 'test',
  requestId: 'r1',
})

const event = (id: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  action: 'group.created',
  target: { kind: 'group', id, name: 'Größe "Ω"' },
  ...more,
})

const insertGroup = (tx: Writer, organizationId: string, id: string) =>
  tx
    .insertInto('groups')
    .values({ id, organization_id: organizationId, name: id, name_key: id, description: '', created_at: new Date(0) })
    .execute()

async function fresh(open: () => Promise<TestDatabase>) {
  const opened = await open()
  const organization = await newOrganization(opened)
  const applied: (readonly Forget[])[] = []
  const change = changeOn(opened.db, world.newId, (forget) => applied.push(forget))
  const read = reader(opened.db)
  const links = () => read(organization.id, (db) => readLinks(db, organization.id, 0, 1000))
  const groups = () =>
    read(organization.id, (db) =>
      db.selectFrom('groups').select('id').where('organization_id', '=', organization.id).execute(),
    )
  const head = async () => (await opened.owner.selectFrom('feed_head').select('head').executeTakeFirstOrThrow()).head
  const feed = () =>
    opened.owner
      .selectFrom('feed')
      .selectAll()
      .where('organization_id', '=', organization.id)
      .orderBy('number')
      .execute()
  return { ...opened, organization, change, read, links, groups, head, feed, applied }
}

describeOnBoth('change', (open) => {
  test('A1, A2: writes its events as links of one chain, and its feed entry, with the change', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const result = await it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      const after = { name: 'n', list: [1, null, { z: 1.5, a: 'ü' }], nothing: undefined }
      return {
        ok: true,
        value: 'done',
        events: [event('g1', { after }), event('g2', { before: { a: 1 } })],
        forget: [{ kind: 'account', id: 'x' }],
      }
    })
    expect(result).toEqual({ ok: true, value: 'done' })
    await it.change(by(id), async () => ({ ok: true, value: 1, events: [event('g3')], forget: [] }))
    let end = chainStart
    for (const link of await it.links()) {
      expect(faultOfLink(end, link)).toBeUndefined()
      end = { sequence: link.record.sequence, hash: link.hash }
    }
    expect(end.sequence).toBe(3)
    const row = await it.read(id, (db) =>
      db
        .selectFrom('organizations')
        .select(['audit_sequence', 'audit_hash'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow(),
    )
    expect(row).toEqual({ audit_sequence: end.sequence, audit_hash: end.hash })
    expect((await it.feed()).map((entry) => entry.forget)).toEqual([[{ kind: 'account', id: 'x' }], []])
    expect(it.applied).toEqual([[{ kind: 'account', id: 'x' }], []])
  })

  test('A1: a refusal comes out as a value, and nothing that was written before it stays', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const head = await it.head()
    const result = await it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      return refuse('name_taken', { detail: 'why' })
    })
    expect(result).toEqual({ ok: false, code: 'name_taken', detail: 'why' })
    expect(await it.groups()).toEqual([])
    expect(await it.links()).toEqual([])
    expect(await it.head()).toBe(head)
    expect(it.applied.flat()).toEqual([])
  })

  test('A1: what is so already writes nothing, whatever the work did', async () => {
    const it = await fresh(open)
    const head = await it.head()
    const { id } = it.organization
    const result = await it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      return { ok: true, value: 5, unchanged: true }
    })
    expect(result).toEqual({ ok: true, value: 5 })
    expect(await it.groups()).toEqual([])
    expect(await it.links()).toEqual([])
    expect(await it.head()).toBe(head)
  })

  test('a throw rolls everything back and comes out', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const failing = it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      throw new Error('a bug')
    })
    await expect(failing).rejects.toThrow('a bug')
    expect(await it.groups()).toEqual([])
    expect(await it.links()).toEqual([])
  })

  test('a database error inside the work, even a swallowed one, commits nothing', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const failing = it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      await sql`select 1 / 0`.execute(tx).catch(() => undefined)
      return { ok: true, value: 1, events: [event('grp_1')], forget: [] }
    })
    await expect(failing).rejects.toThrow()
    expect(await it.groups()).toEqual([])
  })

  test('O2: parallel changes of one organization happen one after another, each seeing the one before', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const add = (n: number) =>
      it.change(by(id), async (tx) => {
        const seen = await tx.selectFrom('groups').select('id').where('organization_id', '=', id).execute()
        await insertGroup(tx, id, `grp_${id}_${n}`)
        return { ok: true, value: seen.length, events: [event(`g${n}`)], forget: [] }
      })
    const results = await Promise.all(Array.from({ length: 12 }, (_, n) => add(n)))
    const seen = results.map((result) => (result.ok ? result.value : -1))
    expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect((await it.links()).map((link) => link.record.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  test('a query beside a transaction never falls into it', async () => {
    const it = await fresh(open)
    const { id } = it.organization
    const inside = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const changing = it.change(by(id), async (tx) => {
      await insertGroup(tx, id, `grp_${id}`)
      inside.resolve()
      await go.promise
      return refuse('name_taken')
    })
    await inside.promise
    // On the embedded database these wait for their turn; on PostgreSQL they have connections of their own.
    const outside = sql<{ it: string | null }>`select current_setting('portcullis.organization', true) as it`.execute(
      it.db,
    )
    const written = it.db
      .insertInto('setups')
      .values({ secret_hash: id, created_at: new Date(0), expires_at: new Date(0) })
      .execute()
    go.resolve()
    await changing
    expect((await outside).rows[0]?.it || null).toBeNull()
    await written
    // Had it fallen into the transaction, the rollback would have taken it along.
    expect(await it.db.selectFrom('setups').select('secret_hash').where('secret_hash', '=', id).execute()).toHaveLength(
      1,
    )
  })

  test('N3: under parallel load a reader that follows the feed misses nothing: numbers appear in the order of commits', async () => {
    const opened = await open()
    const organizations = await Promise.all([1, 2, 3, 4].map(() => newOrganization(opened)))
    const change = changeOn(opened.db, world.newId)
    const { feed } = opened
    let seen = (await feed.after(0, 1000)).head
    const expected = new Set<string>()
    let running = true
    const load = Promise.all(
      organizations.flatMap(({ id }) =>
        [0, 1, 2].map(async (lane) => {
          for (let n = 0; n < 10; n += 1) {
            const key = `${id}-${lane}-${n}`
            expected.add(key)
            await change(by(id), async () => ({
              ok: true,
              value: 1,
              events: [event(key)],
              forget: [{ kind: 'token', id: key }],
            }))
          }
        }),
      ),
    ).finally(() => {
      running = false
    })
    const followed: string[] = []
    for (let last = false; !last; ) {
      last = !running
      const { entries } = await feed.after(seen, 7)
      for (const entry of entries) {
        expect(entry.number).toBe(seen + 1)
        seen = entry.number
        followed.push(...entry.forget.map((it) => it.id))
      }
      if (entries.length > 0) last = false
    }
    await load
    expect(new Set(followed)).toEqual(expected)
  })
})

describeOnBoth('the feed', (open) => {
  test('is pruned from its old end, but never what is younger than an hour or among the last thousand', async () => {
    const opened = await open()
    const { id } = await newOrganization(opened)
    const change = changeOn(opened.db, world.newId)
    const add = (rows: number, age: string) =>
      sql`with moved as (update feed_head set head = head + ${rows} returning head)
        insert into feed (number, organization_id, forget, at)
        select head - ${rows} + n, ${id}, '[]', now() - ${age}::interval from moved, generate_series(1, ${rows}::int) n`.execute(
        opened.owner,
      )
    const oldest = async () =>
      (await opened.owner.selectFrom('feed').select('number').orderBy('number').limit(1).executeTakeFirstOrThrow())
        .number
    const append = () => change(by(id), async () => ({ ok: true, value: 1, events: [event('g')], forget: [] }))
    await add(500, '2 hours')
    await append()
    expect(await oldest()).toBe(1)
    await add(1000, '1 minute')
    await append()
    expect(await oldest()).toBe(101)
    for (let n = 0; n < 8; n += 1) await append()
    expect(await oldest()).toBe(501)
    const head = (await opened.feed.after(0, 1)).head
    expect(head).toBe(1510)
  })
})
