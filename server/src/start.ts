import type { IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import type { AnyCommand } from './cli/command.ts'
import { commandContext } from './cli/context.ts'
import { beginRecovery } from './cli/recovery.ts'
import { answerCommands } from './cli/socket.ts'
import { type Config, consoleFolder } from './config.ts'
import { createOperatorAuthority } from './db/authority.ts'
import { isDatabaseAway } from './db/away.ts'
import { type OpenDatabase, openDatabase } from './db/open.ts'
import { mustRead } from './features/catalogue/actions.ts'
import { foundFromConfiguration, issueSetupLink } from './features/setup/actions.ts'
import { resourceKeys } from './http/credentials.ts'
import { type Door, sendProblem } from './http/door.ts'
import { healthDoor } from './http/health.ts'
import { incomingRequests, requestIdHeader } from './http/incoming.ts'
import { createMetrics } from './http/metrics.ts'
import { problemReply } from './http/reply.ts'
import { createHttpServer, type HttpServer } from './http/server.ts'
import { refuse } from './kernel/result.ts'
import { createLog } from './log.ts'
import { createOutbox } from './mail/outbox.ts'
import { type Wired, wire } from './wire.ts'

const retryMs = 1000
/** How long a change waits for a process that starts: a proxy repeats none, so that a 503 at once would be a request lost. */
const holdMs = 10_000

/** A database that is not there yet is waited for; every other failure to open it is the operator's to mend. */
async function openPatiently(config: Config, log: Logger): Promise<OpenDatabase> {
  const { database, dataFolder } = config
  const urls = database.kind === 'postgres' ? { databaseUrl: database.url, migrationUrl: database.migrationUrl } : {}
  for (;;) {
    try {
      return await openDatabase({ dataFolder, ...urls })
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      log.warn({ err: error }, 'the database is away; trying again')
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
function waitingDoors(config: Config) {
  const instance = { publicUrl: config.publicUrl, productName: config.productName }
  const { registry } = createMetrics([])
  const knowsKey = resourceKeys(config.resourceKeys)
  return healthDoor({ waitsFor: () => ['the database'], registry, knowsKey, instance }, () => undefined)
}

const starting = { detail: 'Starting.' }
const isChange = ({ method, url }: IncomingMessage) =>
  method !== 'GET' && method !== 'HEAD' && url?.startsWith('/api/') === true

async function answerOnceReady(request: Request, becoming: Promise<Wired>): Promise<Response> {
  const ready = await Promise.race([becoming, setTimeout(holdMs, undefined, { ref: false })])
  const requestId = request.headers.get(requestIdHeader) ?? ''
  return ready?.router.fetch(request) ?? problemReply('unavailable', requestId, starting, { 'retry-after': '1' })
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
  const waiting = waitingDoors(config)
  const metrics = createMetrics([])
  const door: Door = (req, res, id) => {
    if (wired) return wired.doors.some((it) => it(req, res, id))
    if (isChange(req)) return false
    if (!waiting(req, res, id)) sendProblem(res, id, refuse('unavailable', starting), {})
    return true
  }
  const server = createHttpServer({
    doors: [door],
    router: (request) => wired?.router.fetch(request) ?? answerOnceReady(request, becoming.promise),
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
  const become = (it: Wired) => {
    wired = it
    becoming.resolve(it)
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

/**
 * `portcullis start`: listens at once, opens the database (and waits for it), wires, and serves until a signal. On
 * SIGTERM readiness drops, what is in flight finishes, pending uses are written, and the database is let go.
 * `recovery`: every gate is lowered before anything is decided.
 */
export async function start(config: Config, commands: readonly AnyCommand[], recovery = false): Promise<void> {
  const log = createLog(config.logLevel)
  for (const { variable, message } of config.warnings) log.warn(`${variable} ${message}`)
  // Before anything listens: a broken catalogue stops the start (F1).
  if (config.featuresFile !== undefined) await mustRead(config.featuresFile)
  const { server, become } = startingServer(config, log)
  await server.listen(config.port, config.host)
  const database = await openPatiently(config, log)
  const { wired, close } = await wireUp(config, database, { stopping: () => server.stopping, log })
  const context = commandContext(wired, database)
  if (recovery) await beginRecovery(context, (line) => void process.stderr.write(`${line}\n`))
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
