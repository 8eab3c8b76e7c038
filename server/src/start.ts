import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import type { AnyCommand } from './cli/command.ts'
import { commandContext } from './cli/context.ts'
import { reasonOf } from './cli/doctor/finding.ts'
import { noteDatabase } from './cli/note-database.ts'
import { beginRecovery } from './cli/recovery.ts'
import { answerCommands } from './cli/socket.ts'
import { type Config, consoleFolder, describeDatabase } from './config.ts'
import { createOperatorAuthority } from './db/authority.ts'
import { isDatabaseAway } from './db/away.ts'
import { OperatorError } from './db/data-folder.ts'
import { savePublicUrl } from './db/instance.ts'
import { type OpenDatabase, openDatabase } from './db/open.ts'
import { mustRead } from './features/catalogue/actions.ts'
import { foundFromConfiguration, issueSetupLink } from './features/setup/actions.ts'
import { resourceKeys } from './http/credentials.ts'
import { type Door, sendProblem } from './http/door.ts'
import { healthDoor } from './http/health.ts'
import { incomingRequests, requestIdHeader } from './http/incoming.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { readyGauge } from './http/readings.ts'
import { problemReply } from './http/reply.ts'
import { createHttpServer, type HttpServer } from './http/server.ts'
import { refuse } from './kernel/result.ts'
import { createLog } from './log.ts'
import { createOutbox } from './mail/outbox.ts'
import { type Wired, wire } from './wire.ts'

const retryMs = 1000
/** About a line a minute. */
const attemptsPerLogLine = 60
/** How long a change waits for a process that starts: a proxy repeats none, so that a 503 at once would be a request lost. */
const holdMs = 10_000

/** A database that is not there yet is waited for; every other failure to open it is the operator's to mend. */
async function openPatiently(config: Config, mayCreate: boolean, log: Logger): Promise<OpenDatabase> {
  const { database, dataFolder } = config
  const urls = database.kind === 'postgres' ? { databaseUrl: database.url, migrationUrl: database.migrationUrl } : {}
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await openDatabase({ dataFolder, mayCreate, ...urls })
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      if (attempt === 0) log.warn({ err: error }, 'database unavailable, retrying every second')
      else if (attempt % attemptsPerLogLine === 0) {
        log.warn({ reason: reasonOf(error), attempts: attempt }, 'database still unavailable')
      }
      await setTimeout(retryMs)
    }
  }
}

/** A first start: from the configuration, or by a one-time link; answers the link while nobody has used it. */
async function firstStart(config: Config, wired: Wired): Promise<string | undefined> {
  if (!config.firstAdmin) return issueSetupLink(wired.deps)
  const { email, password, organization } = config.firstAdmin
  const founded = await foundFromConfiguration(
    wired.deps,
    { email, password, organization, name: email.split('@')[0] ?? email },
    createOperatorAuthority(),
  )
  if (founded.ok || founded.code === 'not_found') return undefined
  throw new Error(`PORTCULLIS_ADMIN_PASSWORD: ${founded.errors?.[0]?.message ?? 'was refused'}`)
}

/** Where to go next, for whoever started this in a terminal. The link is a secret, so it is told here and never logged. */
function tellWhereToGo(config: Config, setupLink: string | undefined): void {
  const lines = setupLink
    ? ['Portcullis is ready. Nobody is here yet: set it up (once, within a day) at', '', `    ${setupLink}`]
    : ['Portcullis is ready.', '', `    console   ${config.publicUrl}/`, `    API       ${config.publicUrl}/docs`]
  process.stderr.write(`\n${lines.join('\n')}\n\n`)
}

/** What answers before the database does: readiness says what is waited for, everything else that it is not there yet. */
function waitingDoors(config: Config, { registry }: Metrics) {
  const instance = { publicUrl: config.publicUrl, productName: config.productName }
  const knowsKey = resourceKeys([...config.resourceKeys, ...(config.metricsKeys ?? [])])
  return healthDoor({ waitsFor: () => ['the database'], registry, knowsKey, instance }, () => undefined)
}

const starting = { detail: 'Starting.' }
const isChange = ({ method, url }: IncomingMessage) =>
  method !== 'GET' && method !== 'HEAD' && url?.startsWith('/api/') === true

async function answerOnceReady(request: Request, becoming: Promise<Wired>, refused: () => void): Promise<Response> {
  const ready = await Promise.race([becoming, setTimeout(holdMs, undefined, { ref: false })])
  if (ready) return ready.router.fetch(request)
  refused()
  const requestId = request.headers.get(requestIdHeader) ?? ''
  return problemReply('unavailable', requestId, starting, { 'retry-after': '1' })
}

interface Starting {
  server: HttpServer
  /** From now on everything is answered by what was wired. */
  become: (wired: Wired) => void
}

/** A server that can listen before there is anything behind it: until then it says that it is not there yet. */
function startingServer(config: Config, log: Logger): Starting {
  let wired: Wired | undefined
  const becoming = Promise.withResolvers<Wired>()
  const metrics = createMetrics([readyGauge(() => false)])
  const waiting = waitingDoors(config, metrics)
  let refusals = 0
  const refused = () => {
    refusals += 1
    metrics.turnedAway('starting')
  }
  const door: Door = (req, res, id, noPlace) => {
    if (wired) return wired.doors.some((it) => it(req, res, id, noPlace))
    if (isChange(req)) return false
    if (waiting(req, res, id)) return true
    refused()
    sendProblem(res, id, refuse('unavailable', starting), {})
    return true
  }
  const server = createHttpServer({
    doors: [door],
    router: (request) => wired?.router.fetch(request) ?? answerOnceReady(request, becoming.promise, refused),
    incoming: incomingRequests(config.trustedProxies),
    metrics: {
      routed: (...it) => (wired?.metrics ?? metrics).routed(...it),
      turnedAway: (why) => (wired?.metrics ?? metrics).turnedAway(why),
      limited: (limit) => (wired?.metrics ?? metrics).limited(limit),
    },
    log,
    https: config.publicUrl.startsWith('https:'),
    onStop: () => wired?.endStreams(),
  })
  const become = (ready: Wired) => {
    wired = ready
    // What was counted before must not disappear from the counter.
    ready.metrics.turnedAway('starting', refusals)
    becoming.resolve(ready)
  }
  return { server, become }
}

/** Puts everything together on the open database; `close` undoes it. */
async function wireUp(
  config: Config,
  database: OpenDatabase,
  { stopping, log }: { stopping: () => boolean; log: Logger },
) {
  // Loaded where it is wanted alone: it is half as large as all the rest.
  const traces = config.traces && (await import('./traces.ts')).openTraces(config.traces.share, log)
  const options = { ...config, consoleFolder, trace: traces?.trace, stopping }
  const wired = await wire(options, database, createOutbox(config.mail, log), log)
  const close = async () => {
    await wired.close()
    await traces?.close()
  }
  return { wired, close }
}

/** Without its files an instance would print a set-up link that leads nowhere. */
function requireConsole(): void {
  if (existsSync(join(consoleFolder, 'index.html'))) return
  throw new OperatorError('The console is not built, so browsers would see nothing. Run `npm run build`.')
}

/**
 * `portcullis start`: listens at once, opens the database (and waits for it), wires, and serves until a signal. On
 * SIGTERM readiness drops, what is in flight finishes, pending uses are written, and the database is let go.
 * `recovery`: every gate is lowered before anything is decided.
 */
export async function start(config: Config, commands: readonly AnyCommand[], recovery = false): Promise<void> {
  const log = createLog(config.logLevel)
  for (const { variable, message } of config.warnings) log.warn(`${variable} ${message}`)
  requireConsole()
  // Before anything listens: a broken catalogue stops the start (F1).
  if (config.featuresFile !== undefined) await mustRead(config.featuresFile)
  const { server, become } = startingServer(config, log)
  await server.listen(config.port, config.host).catch((error: NodeJS.ErrnoException) => {
    // A name that cannot be resolved is reported by `getaddrinfo`.
    throw Object.assign(error, { syscall: 'listen', address: config.host, port: config.port })
  })
  const database = await openPatiently(config, !recovery, log)
  if (database.weakWall)
    log.warn('the service runs as the role that owns the tables, so the second wall (O1) is weaker')
  const unnoted = noteDatabase(config)
  if (unnoted)
    log.info({ reason: reasonOf(unnoted) }, 'the data folder cannot be marked as that of an instance on PostgreSQL')
  const { wired, close } = await wireUp(config, database, { stopping: () => server.stopping, log })
  const context = commandContext(wired, database, describeDatabase(config))
  if (recovery && !(await beginRecovery(context, (line) => void process.stderr.write(`${line}\n`)))) {
    throw new OperatorError('Nothing was started.')
  }
  await savePublicUrl(database.db, config.publicUrl)
  if (database.lock) answerCommands(database.lock.server, commands, context)
  const link = await firstStart(config, wired)
  // Ready means that the first admin can sign in, too.
  become(wired)
  log.info({ host: config.host, port: config.port, database: database.kind }, 'ready')
  tellWhereToGo(config, link)
  stopOnSignal(log, async () => {
    await server.stop()
    await close()
  })
}

function stopOnSignal(log: Logger, stop: () => Promise<void>): void {
  closeWithGrace({ delay: 10_000, logger: log }, async ({ signal, err }) => {
    if (err) log.fatal({ err }, 'stopping after a bug')
    else log.info({ signal }, 'stopping')
    await stop()
  })
}
