import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import type { Logger } from 'pino'
import { typeidUnboxed } from 'typeid-js'
import { hashedInTurns } from './auth/passwords.ts'
import { createChange, reader } from './db/change.ts'
import type { Deps, Keyed } from './db/deps.ts'
import { FairQueue, inTurn, Overload, queueBounds } from './db/fair-queue.ts'
import { Lease } from './db/feed.ts'
import { createInvalidations, providerCache } from './db/invalidations.ts'
import { limiter } from './db/limiter.ts'
import { lookups } from './db/lookups.ts'
import type { OpenDatabase } from './db/open.ts'
import { peers as knownPeers } from './db/peers.ts'
import { people } from './db/people.ts'
import { retryConflicts } from './db/retry-conflicts.ts'
import { setups } from './db/setups.ts'
import { buildGate } from './features/access/actions.ts'
import { Memory } from './features/access/store.ts'
import { createActorCheck } from './features/authorization/actions.ts'
import { openCatalogue } from './features/catalogue/actions.ts'
import { tellExpirations } from './features/expiry-notices/actions.ts'
import { buildPreviews } from './features/previews/actions.ts'
import { buildPresence } from './features/propagation/actions.ts'
import { buildSignIn } from './features/sign-in/actions.ts'
import { signInRoutes } from './features/sign-in/routes.ts'
import { buildKeyCache, storedKeys } from './features/signing-keys/actions.ts'
import { buildRecorder } from './features/usage/actions.ts'
import { createChangeRations } from './http/change-rations.ts'
import { consoleFiles } from './http/console-files.ts'
import { createCorsHandler } from './http/cors.ts'
import { resourceKeys } from './http/credentials.ts'
import { documentsOf } from './http/documents.ts'
import type { Door } from './http/door.ts'
import { buildDoorkeeper } from './http/doorkeeper.ts'
import { gateListener } from './http/gate.ts'
import { healthDoor } from './http/health.ts'
import { linkGuards } from './http/link-guard.ts'
import { createMetrics } from './http/metrics.ts'
import { buildOfrep } from './http/ofrep-wired.ts'
import { openApiOf } from './http/openapi.ts'
import { originsOf } from './http/origins.ts'
import { readingsOf } from './http/readings.ts'
import { buildRouter } from './http/router.ts'
import { signInHandler } from './http/sign-in.ts'
import { buildVerifierDoors } from './http/verifier-doors.ts'
import { type Outbox, untraced, type World } from './kernel/deps.ts'
import { composeInvitationMail } from './mail/invitation-mails.ts'
import { createMailQueue } from './mail/queue.ts'
import { allowedHostsOf, targetOf } from './outbound/addresses.ts'
import { buildFetchJson } from './outbound/fetch-json.ts'
import { resolveHost } from './outbound/resolve.ts'
import { tracedFetch } from './outbound/traced-fetch.ts'
import { described, routes } from './routes.ts'
import { startTimers } from './timers.ts'
import type { Options } from './wire-options.ts'

const realWorld: World = { now: () => new Date(), newId: (prefix) => typeidUnboxed(prefix), randomBytes }

export type Wired = Awaited<ReturnType<typeof wire>>

/** THE place that wires: everything that this process is made of, one line per thing. `world` is set by tests. */
export async function wire(
  options: Options,
  database: OpenDatabase,
  outbox: Outbox,
  log: Logger,
  world: World = realWorld,
) {
  const { db } = database
  const { publishes = true, trace = untraced, tokenSchemes = [] } = options
  const now = () => world.now().getTime()
  const memory = new Memory()
  const invalidations = createInvalidations()
  const lease = new Lease(database.feed, invalidations.notify)
  const look = lookups(db, lease)
  const peers = knownPeers(db)
  const presence = buildPresence({
    name: `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`,
    lease,
    peers,
    // A folder belongs to one process; commands on a database are no servers.
    isAlone: database.lock !== undefined || !publishes,
    failed: (err) => log.warn({ err }, 'it was not told who obeys what was saved'),
  })
  const failed = (error: unknown, requestId?: string) => {
    // A flood is told by its metric: a line for each request would be one more.
    if (!(error instanceof Overload)) log.error({ err: error, requestId }, 'a request failed')
  }
  const recorder = buildRecorder({
    write: look.recordUses,
    failed: (error) => log.warn({ err: error }, 'uses were not written'),
  })
  const metrics = createMetrics(
    readingsOf({
      rememberedTokens: () => memory.size,
      lease,
      load: database.load,
      queueWaiting: () => queue.waiting,
      refusedCatalogues: () => refusedCatalogues,
      ofrepStreams: () => ofrep.streams.size,
      verifierStreams: () => verifiers.streams.size,
      oldestKeysMs: () => keys.oldestMs,
      isReady: () => waitsFor().length === 0,
      pendingMails: () => mailQueue.pendingMails(),
    }),
  )
  const queue = new FairQueue(queueBounds(database.connections), (whose) =>
    whose === 'flow' ? metrics.limited('organization_queue') : metrics.turnedAway('queue'),
  )
  // Sessions end by the machine's clock, as Better Auth reckons.
  const keysNow = { of: (it: Keyed) => keys.of(it), status: (id: string) => keys.status(id) }
  const actorCheck = createActorCheck({ now: world.now, sessionNow: () => new Date(), keys: keysNow })
  const changeOnce = createChange({ db, newId: world.newId, actorCheck, publish: (what) => lease.applyOwn(what) })
  const turnsOf = inTurn(queue, {
    read: reader(db),
    change: (by, work) => retryConflicts(() => changeOnce(by, work)),
  })
  // What this process does by itself has a turn of its own.
  const { read, change } = turnsOf('')
  const counts = limiter(db, world, metrics.limited)
  const rations = createChangeRations(options.changesPerMinute, () => performance.now(), metrics.limited)
  const allowed = allowedHostsOf(options.allowedJwksHosts)
  const fetchJson = tracedFetch(buildFetchJson({ allowed, resolve: resolveHost, wait: setTimeoutPromise }), trace)
  const keys = buildKeyCache({
    fetchJson,
    now,
    ...storedKeys({
      change,
      lookups: look,
      now: world.now,
      failed: (err) => log.warn({ err }, 'a key set was not stored'),
    }),
  })
  let refusedCatalogues = 0
  const catalogue = await openCatalogue({
    file: publishes ? options.featuresFile : undefined,
    number: publishes ? look.numberCatalogue : async () => 0,
    reloaded: (it) => {
      if (it.ok) return log.info({ number: it.number }, 'the catalogue of preview features was read anew')
      refusedCatalogues += 1
      log.error({ faults: it.faults }, 'the catalogue of preview features is broken; the one before stays')
    },
    failed: (err) => log.warn({ err }, 'the catalogue of preview features was not read anew'),
  })
  const previews = buildPreviews({ lease, lookups: look, catalogue: catalogue.current })
  // Caches come first: what else listens asks them.
  for (const cache of [memory, providerCache(keys), previews]) invalidations.subscribe((what) => cache.forget(what))
  const gate = buildGate({
    memory,
    lease,
    lookups: look,
    keys,
    now,
    used: recorder.used,
    decided: metrics.decided,
    failed,
  })
  const instance = { publicUrl: options.publicUrl, productName: options.productName }
  const origins = originsOf(options.publicUrl)
  const composers = () => ({ invitation: composeInvitationMail({ ...world, db, instance }), ...signIn.composers })
  const mailQueue = createMailQueue({ db, outbox, composers, log, now: world.now, record: metrics.mailed })
  const signIn = buildSignIn({
    db,
    change,
    lookups: look,
    people: people(db),
    limiter: counts,
    instance,
    origins,
    secrets: options.secrets,
    hashing: hashedInTurns(() => metrics.turnedAway('hashing')),
    outbox,
    mailQueue,
    log,
    world,
  })
  const deps: Deps = {
    ...world,
    read,
    change,
    lookups: look,
    people: people(db),
    setups: setups(db),
    limiter: counts,
    outbox,
    mailQueue,
    passwords: signIn.passwords,
    sessions: signIn.sessions,
    instance,
    catalogue,
    previews,
    keys,
    fetchJson,
    mayNameUrl: (url) => targetOf(url, allowed) !== undefined,
    peers,
    presence,
    trace,
    tokensPerAccount: options.tokensPerAccount,
  }
  const keeper = buildDoorkeeper({ gate, signIn, lookups: look, turnsOf, ...instance, origins, tokenSchemes })
  const documents = documentsOf(openApiOf(described), options.productName)
  const router = buildRouter({
    routes,
    kit: { deps, turnsOf, keeper, invalidations, rations, limited: metrics.limited },
    guards: linkGuards(counts),
    signIn: signInHandler(signIn, signInRoutes, rations),
    documents,
    files: consoleFiles(options.consoleFolder),
    log,
  })
  const knowsKey = resourceKeys(options.resourceKeys)
  const knowsMetricsKey = resourceKeys([...options.resourceKeys, ...(options.metricsKeys ?? [])])
  const asking = { knowsKey, gate, signIn, lookups: look, tokenSchemes, challenge: keeper.challenge }
  const ofrep = buildOfrep({ ...options, ...asking, read, invalidations, catalogue, previews, now, metrics, failed })
  const following = { lease, log: lease.log, seen: presence.seen, recordUses: look.recordUses }
  const verifiers = buildVerifierDoors({ ...following, knowsKey, now, count: metrics.verifierAnswered, failed })
  const waitsFor = () => [
    ...(lease.holds && database.isWritable() ? [] : ['the database']),
    ...(options.stopping?.() ? ['the end of this process'] : []),
  ]
  const doors: Door[] = [
    gateListener(
      { gate, count: metrics.count, verified: metrics.verified, trace: options.trace, failed },
      knowsKey,
      tokenSchemes,
    ),
    verifiers.door,
    ofrep.door,
    createCorsHandler(options.corsOrigins ?? []),
    healthDoor({ waitsFor, registry: metrics.registry, knowsKey: knowsMetricsKey, instance }, failed),
  ]
  await lease.start()
  let closing = false
  const notices = () => tellExpirations(deps, () => closing || options.stopping?.() === true)
  const timers = startTimers({
    later: signIn.later,
    sweep: signIn.sweep,
    sendExpiryNotices: notices,
    refreshCatalogue: catalogue.look,
    refreshKeys: keys.refreshDue,
    pollMails: publishes ? mailQueue.poll : undefined,
  })
  return {
    deps,
    actorCheck,
    gate,
    lease,
    router,
    doors,
    metrics,
    signIn,
    mailQueue,
    flushUses: recorder.flush,
    /** One sweep of the tokens that expire soon; a timer does it hourly. */
    tellExpirations: notices,
    catalogue,
    previews,
    presence,
    /** A stop: whoever waits for changes is told to come back later. */
    endStreams: () => {
      verifiers.streams.endAll()
      ofrep.streams.endAll()
    },
    /** For the operator: a one-time link to choose a new password. */
    resetPassword: signIn.resetPassword,
    /** Writes what is pending and lets the database go. */
    close: async () => {
      closing = true
      for (const timer of timers) clearTimeout(timer)
      ofrep.close()
      verifiers.streams.close()
      await mailQueue.close()
      await signIn.settled()
      await recorder.close()
      await presence.close()
      await lease.close()
      await database.close()
    },
  }
}
