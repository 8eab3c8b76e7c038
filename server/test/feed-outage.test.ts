import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Forget } from '../src/db/change.ts'
import { Lease } from '../src/db/feed.ts'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'
import { newOrganization, newPostgresDatabase, openTestDatabase, type TestDatabase } from './databases.ts'
import { changeOn, operatorOrigin } from './operator-change.ts'

/** A wire to PostgreSQL that a test can cut, or leave connected and dead: nothing passes, and nobody is told. */
class Wire {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #silent = false
  #refuses = false
  url = ''

  constructor(target: URL) {
    this.#server = createServer((near) => {
      if (this.#refuses) {
        near.destroy()
        return
      }
      const far = createConnection(Number(target.port), target.hostname)
      const pair = [near, far] as const
      this.#pairs.add(pair)
      near.on('data', (bytes) => this.#silent || far.write(bytes))
      far.on('data', (bytes) => this.#silent || near.write(bytes))
      for (const socket of pair) {
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#pairs.delete(pair)
          // Silence swallows the end of a connection too.
          if (!this.#silent) for (const it of pair) it.destroy()
        })
      }
    })
  }

  async open(target: URL): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const near = new URL(target)
    near.port = String((this.#server.address() as { port: number }).port)
    this.url = near.href
  }

  /** What was sent into the silence is lost, so the connections that lived through it never work again. */
  silence(): void {
    this.#silent = true
  }

  cut(): void {
    this.#refuses = true
    for (const pair of this.#pairs) for (const it of pair) it.destroy()
  }

  mend(): void {
    this.#silent = false
    this.#refuses = false
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
  }
}

const patience = { timeout: 25_000, interval: 20 }

describe('N3: PostgreSQL out of reach', () => {
  let database: Awaited<ReturnType<typeof newPostgresDatabase>>
  let wire: Wire
  /** Through the wire. */
  let near: OpenDatabase
  /** Beside the wire: what another process commits. */
  let other: OpenDatabase
  let lease: Lease
  const forgotten: (Forget | 'everything')[] = []

  beforeAll(async () => {
    database = await newPostgresDatabase()
    wire = new Wire(new URL(database.url))
    await wire.open(new URL(database.url))
    const options = { dataFolder: '', statementMs: 500, poolSize: 3 }
    near = await openDatabase({ ...options, databaseUrl: wire.url })
    other = await openDatabase({ ...options, databaseUrl: database.url })
    lease = new Lease(near.feed, (what) => forgotten.push(...(what === 'everything' ? [what] : what)))
    await lease.start()
  })
  afterAll(async () => {
    await lease.close()
    await near.close()
    await other.close()
    await wire.close()
    await database.drop()
  })

  beforeEach(async () => {
    await vi.waitFor(() => expect(lease.holds).toBe(true), patience)
    forgotten.length = 0
  })
  afterEach(() => wire.mend())

  const changeElsewhere = async (id: string) => {
    const organization = await newOrganization(other)
    const change = changeOn(other.db, (prefix) => `${prefix}_${organization.id}`)
    await change({ ...operatorOrigin, organizationId: organization.id, at: new Date() }, async () => ({
      ok: true,
      value: 1,
      events: [{ action: 'token.revoked', target: { kind: 'token', id, name: '' } }],
      forget: [{ kind: 'token', id }],
    }))
  }

  test('a change of another process is forgotten here', async () => {
    await changeElsewhere('seen')
    await vi.waitFor(() => expect(forgotten).toContainEqual({ kind: 'token', id: 'seen' }), patience)
  })

  test('a half-open connection ends the lease, though nothing fails; when it is mended, everything is forgotten first', async () => {
    wire.silence()
    await vi.waitFor(() => expect(lease.holds).toBe(false), patience)
    await changeElsewhere('unseen')
    const confirmed = lease.confirmedAt
    forgotten.length = 0
    wire.mend()
    await vi.waitFor(() => expect(lease.holds).toBe(true), patience)
    expect(lease.confirmedAt).toBeGreaterThan(confirmed)
    expect(forgotten[0]).toBe('everything')
    await changeElsewhere('seen again')
    await vi.waitFor(() => expect(forgotten).toContainEqual({ kind: 'token', id: 'seen again' }), patience)
  })

  test('a database that refuses connections ends the lease; when it is back, the feed heals by itself', async () => {
    wire.cut()
    await vi.waitFor(() => expect(lease.holds).toBe(false), patience)
    wire.mend()
    await vi.waitFor(() => expect(lease.holds).toBe(true), patience)
  })

  test('a query on a half-open connection ends, and the pool gives a good one afterwards', async () => {
    const ask = () => sql<{ one: number }>`select 1 as one`.execute(near.db)
    await Promise.all([ask(), ask(), ask()])
    wire.silence()
    const results = await Promise.allSettled([
      ask(),
      ask(),
      ask(),
      near.db.transaction().execute((tx) => sql`select 1`.execute(tx)),
    ])
    expect(results.map((it) => it.status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected'])
    wire.mend()
    await vi.waitFor(async () => expect((await ask()).rows).toEqual([{ one: 1 }]), patience)
    expect(await Promise.all(Array.from({ length: 9 }, async () => (await ask()).rows[0]?.one))).toEqual(
      Array(9).fill(1),
    )
  })

  test('sessions that the server ended are replaced', async () => {
    const ask = () => sql<{ one: number }>`select 1 as one`.execute(near.db)
    await ask()
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and application_name like 'portcullis%'`.execute(
      other.owner,
    )
    await vi.waitFor(async () => expect((await ask()).rows).toEqual([{ one: 1 }]), patience)
    const { confirmedAt } = lease
    await vi.waitFor(() => expect(lease.confirmedAt).toBeGreaterThan(confirmedAt), patience)
  })
})

describe('N3: the embedded database', () => {
  let opened: TestDatabase
  beforeAll(async () => {
    opened = await openTestDatabase('embedded')
  })
  afterAll(() => opened.drop())

  test('while its session is busy no lease is renewed; afterwards it is, at the head of the queue', async () => {
    const order: string[] = []
    const end = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const busy = opened.db.transaction().execute(async () => {
      begun.resolve()
      await end.promise
    })
    await begun.promise
    const queued = sql`select 1`.execute(opened.db).then(() => order.push('query'))
    await expect(opened.feed.after(0, 1)).rejects.toThrow('busy')
    const feed = opened.feed.after(0, 1).then(() => order.push('feed'))
    end.resolve()
    await Promise.all([busy, queued, feed])
    expect(order).toEqual(['feed', 'query'])
  })
})
