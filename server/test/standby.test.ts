import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Cluster, resourceKey, startCluster, type Tenant } from './cluster.ts'
import { portcullis } from './command-line.ts'
import { type ConnectionKind, ConnectionRouter } from './connection-router.ts'
import { type PostgresServer, runOn, type StandbyServer, startPostgres } from './databases-server.ts'

const patience = { timeout: 20_000, interval: 50 }
const administration = { authorization: `Bearer ${resourceKey}` }

/**
 * After a failover some connections may lead to a standby that lags. The standby here is a real one that streams, and its
 * replay is paused before the changes that matter, so it still says that every token is good.
 */
describe('N3: connections that lead to a lagging standby', () => {
  let primary: PostgresServer
  let standby: StandbyServer
  let router: ConnectionRouter
  let cluster: Cluster
  let suspended: { tenant: Tenant; secret: string; cached: string }
  let active: { tenant: Tenant; id: string; secret: string; revoked: string }

  const onPrimary = (statement: string) => runOn(primary.url, statement)
  const onStandby = (statement: string) => runOn(standby.url, statement)

  /** The standby has replayed everything that the primary has committed. */
  const catchUp = async () => {
    await onStandby('select pg_wal_replay_resume()')
    const [{ lsn } = {}] = await onPrimary('select pg_current_wal_flush_lsn()::text as lsn')
    await expect
      .poll(async () => (await onStandby(`select pg_last_wal_replay_lsn() >= '${lsn}' as done`))[0], patience)
      .toEqual({ done: true })
  }

  beforeAll(async () => {
    primary = await startPostgres()
    standby = await primary.startStandby()
    router = await ConnectionRouter.open(primary.port)
    cluster = await startCluster({
      count: 1,
      database: { url: router.through(primary.url), drop: async () => undefined },
    })
  })
  afterAll(async () => {
    await cluster?.close()
    await router?.close()
    await standby?.close()
    await primary?.stop()
  })

  const introspect = async (secret: string) => {
    const { status, body, headers } = await cluster.introspect(0, secret)
    return { status, active: body.active, reason: body.reason, head: headers['x-portcullis-head'] }
  }
  const statusOf = async (path: string) => (await cluster.ask(0, 'GET', path, administration)).status

  const environment = () => ({
    PATH: process.env.PATH ?? '',
    DATABASE_URL: router.through(primary.url),
    PORTCULLIS_SECRET: 'a-secret-of-commands-0123456789-0123456789',
    PORTCULLIS_RESOURCE_KEY: resourceKey,
  })

  const lower = async ({ path }: Tenant, creation: 'all' | 'none') => {
    const headers = { ...cluster.browser, 'content-type': 'application/json' }
    const { headers: read } = await cluster.ask(0, 'GET', `${path}/settings`, headers)
    const body = JSON.stringify({ apiTokens: { creation } })
    return cluster.ask(0, 'PUT', `${path}/settings`, { ...headers, 'if-match': String(read.etag ?? '"1"') }, body)
  }

  let tenants = 0
  beforeEach(async () => {
    router.route(primary.port)
    await catchUp()
    await expect.poll(() => statusOf('/readyz'), patience).toBe(200)
    tenants += 2
    const [one, two] = [await cluster.newTenant(`T${tenants}`), await cluster.newTenant(`T${tenants + 1}`)]
    const tokens = await Promise.all([one, one, two, two].map((tenant) => cluster.newToken(tenant)))
    const [first, second, third, fourth] = tokens.map((token) => token.secret) as [string, string, string, string]
    suspended = { tenant: one, secret: first, cached: second }
    active = { tenant: two, id: tokens[2]?.id ?? '', secret: third, revoked: fourth }
    await catchUp()
    await onStandby('select pg_wal_replay_pause()')
    await cluster.setGate(one, 'none')
    await cluster.revoke(two, tokens[3]?.id ?? '')
    // An answer at the head of the feed is kept, since nothing that follows evicts it.
    const [{ head } = {}] = await onPrimary('select head::text from feed_head')
    await expect
      .poll(() => introspect(suspended.cached), patience)
      .toEqual({ status: 200, active: false, reason: 'suspended', head })
  })

  const failover = async (kinds?: readonly ConnectionKind[]) => {
    router.route(standby.port, kinds)
    // Every kind of connection is opened again before anything is judged.
    await expect.poll(() => statusOf('/readyz'), patience).toBe(503)
  }

  const neverAccepts = async () => {
    for (let round = 0; round < 20; round += 1) {
      for (const secret of [suspended.secret, suspended.cached, active.revoked])
        expect(await introspect(secret)).not.toMatchObject({ active: true })
    }
  }

  const recovers = async ({ withActive = true } = {}) => {
    router.route(primary.port)
    await expect.poll(() => statusOf('/readyz'), patience).toBe(200)
    expect(await introspect(suspended.secret)).toMatchObject({ status: 200, reason: 'suspended' })
    expect(await introspect(active.revoked)).toMatchObject({ status: 200, reason: 'revoked' })
    if (withActive) expect(await introspect(active.secret)).toMatchObject({ status: 200, active: true })
    expect((await lower(suspended.tenant, 'all')).status).toBe(200)
  }

  test('503 for everything when all connections lead to it; a change is 503 and doctor says a fault', async () => {
    await failover()
    await neverAccepts()
    for (const secret of [suspended.secret, active.revoked, active.secret])
      expect(await introspect(secret)).toEqual({ status: 503, active: undefined, reason: undefined, head: undefined })
    await expect.poll(() => statusOf('/v1/head?verifier=v'), patience).toBe(503)
    expect((await lower(active.tenant, 'none')).status).toBe(503)
    const doctor = await portcullis(environment(), ['doctor'])
    expect(doctor.out).toMatch(/fault\s+Database\s+.*(standby|read-only)/)
    expect(doctor.exitCode).not.toBe(0)
    await recovers()
  }, 60_000)

  test('the pool alone leads to it: nothing that it says is believed, kept or vouched for', async () => {
    await failover(['pool'])
    await neverAccepts()
    // The feed still leads to the primary, so the lease holds and what is cached is true.
    expect(await introspect(suspended.cached)).toMatchObject({ status: 200, reason: 'suspended' })
    for (const secret of [suspended.secret, active.revoked, active.secret])
      expect(await introspect(secret)).toEqual({ status: 503, active: undefined, reason: undefined, head: undefined })
    expect((await lower(active.tenant, 'none')).status).toBe(503)
    await recovers()
  }, 60_000)

  test('the feed alone leads to it: no lease, and each decision asks the primary', async () => {
    await failover(['feed'])
    // Each connection is refused again: a feed that was believed would be followed, and opened no more.
    const { feed } = router.opened
    await expect.poll(() => router.opened.feed, patience).toBeGreaterThan(feed + 3)
    expect(await statusOf('/readyz')).toBe(503)
    await neverAccepts()
    expect(await introspect(active.secret)).toMatchObject({ status: 200, active: true })
    // As another process would do it: this one can learn of it from the feed alone, which the standby does not have.
    await onPrimary(`with changed as (update tokens set revoked_at = now() where id = '${active.id}' returning organization_id)
      select append_to_feed(organization_id, '[{"kind": "token", "id": "none"}]') from changed`)
    await expect.poll(() => introspect(active.secret), patience).toMatchObject({ status: 200, reason: 'revoked' })
    expect(await statusOf('/v1/head?verifier=v')).toBe(503)
    expect(await introspect(suspended.secret)).toMatchObject({ status: 200, reason: 'suspended' })
    expect(await introspect(active.revoked)).toMatchObject({ status: 200, reason: 'revoked' })
    const { body } = await cluster.call(0, 'GET', `${suspended.tenant.path}/settings/propagation`)
    expect(JSON.stringify(body)).not.toContain('refusesFrom')
    await recovers({ withActive: false })
  }, 60_000)

  test('a primary that is cut off from its synchronous standby vouches for nothing and decides nothing', async () => {
    await onPrimary(`alter system set synchronous_standby_names = 'standby'`)
    await onPrimary('select pg_reload_conf()')
    try {
      // A lease that was renewed by a confirmed commit.
      await expect.poll(() => statusOf('/readyz'), patience).toBe(200)
      expect(await introspect(active.secret)).toMatchObject({ status: 200, active: true })
      await standby.stop()
      await expect.poll(() => statusOf('/readyz'), patience).toBe(503)
      await expect.poll(() => statusOf('/v1/head?verifier=v'), patience).toBe(503)
      for (let round = 0; round < 5; round += 1) {
        for (const secret of [active.secret, suspended.cached])
          expect(await introspect(secret)).toMatchObject({ status: 503, head: undefined })
      }
      // Each attempt to renew is cancelled on the server, too: they do not use up its connections.
      const { feed } = router.opened
      await expect.poll(() => router.opened.feed, patience).toBeGreaterThan(feed + 4)
      const connected = `select count(*)::int as count from pg_stat_activity where application_name = 'portcullis feed'`
      expect((await onPrimary(connected))[0]?.count).toBeLessThanOrEqual(2)
      await standby.start()
      await expect.poll(() => statusOf('/readyz'), patience).toBe(200)
      await expect.poll(() => introspect(active.secret), patience).toMatchObject({ status: 200, active: true })
    } finally {
      await onPrimary('alter system reset synchronous_standby_names')
      await onPrimary('select pg_reload_conf()')
      await standby.start().catch(() => undefined)
    }
  }, 90_000)

  test('a command that needs the primary says what it found instead', async () => {
    await failover()
    const migrated = await portcullis(environment(), ['migrate'])
    expect(migrated.out + migrated.err).toContain('standby or read-only')
    expect(migrated.exitCode).not.toBe(0)
    await recovers()
  }, 60_000)
})
