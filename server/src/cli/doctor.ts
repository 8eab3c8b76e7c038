import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { consoleFolder, environment, parseSettings, type Settings } from '../config.ts'
import { hasEmbedded, requireEmbedded } from '../db/data-folder.ts'
import { isHeld, socketPathOf } from '../db/folder-lock.ts'
import { type Inspection, inspectDatabase } from '../db/inspect.ts'
import { judgeCatalogue } from './doctor/catalogue.ts'
import {
  judgeClock,
  judgeMigrations,
  judgeOrganizations,
  judgeVersion,
  judgeWall,
  mendOfFailure,
} from './doctor/database.ts'
import { doubt, type Finding, fault, fine, reasonOf } from './doctor/finding.ts'
import { judgeFolder } from './doctor/folder.ts'
import { judgeMail, judgeServer, judgeTraces } from './doctor/network.ts'
import {
  judgeConfiguration,
  judgeConsole,
  judgeKeptSecrets,
  judgeNode,
  judgeProxies,
  judgeSecrets,
} from './doctor/setup.ts'
import { openOptions } from './open-options.ts'
import { askRunning } from './socket.ts'

/** Everything that doctor looks at, in the order in which it is told; it changes nothing. */
export async function examine(): Promise<Finding[]> {
  const env = environment()
  const parsed = parseSettings(env)
  const general = [judgeNode(process.versions.node), ...judgeConfiguration(env, parsed)]
  const built = judgeConsole(pathToFileURL(join(consoleFolder, 'index.html')))
  if (!parsed.ok) return [...general, built]
  const settings = parsed.value
  const embedded = settings.database.kind === 'embedded'
  return [
    ...general,
    judgeSecrets(settings),
    ...(embedded ? judgeKeptSecrets(settings) : []),
    judgeProxies(settings),
    await judgeCatalogue(settings),
    ...(embedded ? judgeFolder(settings.dataFolder) : []),
    ...(await judgeDatabase(settings)),
    built,
    await judgeMail(settings),
    await judgeTraces(settings),
    await judgeServer(settings),
  ]
}

/** The running instance answers for the embedded database, which nobody else may open meanwhile. */
async function inspectRunning(settings: Settings): Promise<Inspection | undefined> {
  const asked = { name: 'database-inspect', args: {} }
  const said: string[] = []
  const outcome = await askRunning(socketPathOf(settings.dataFolder), asked, (line) => said.push(line))
  if (!outcome) return undefined
  if (outcome.exitCode !== 0) throw new Error(said.join(' '))
  return outcome.value as Inspection
}

const pidOf = (folder: string): string => {
  try {
    return ` (process ${readFileSync(join(folder, 'portcullis.pid'), 'utf8').trim()})`
  } catch {
    return ''
  }
}

/** Whose the embedded folder is, and what its database says of itself. */
async function lookEmbedded(settings: Settings): Promise<{ lock: Finding[]; inspection?: Inspection }> {
  const { dataFolder } = settings
  const running = await inspectRunning(settings)
  if (running) {
    return { lock: [fine('Lock', `held by the running instance${pidOf(dataFolder)}`)], inspection: running }
  }
  if (await isHeld(dataFolder)) {
    const what = `${dataFolder} is held by a process${pidOf(dataFolder)} that does not listen at its socket.`
    return {
      lock: [fault('Lock', what, 'Stop that process, then start Portcullis again; no file needs to be deleted.')],
    }
  }
  if (!hasEmbedded(dataFolder)) {
    const mend = 'Start Portcullis, which makes one; or run this with the configuration of the service (--env-file).'
    return { lock: [doubt('Database', `embedded, and there is none in ${dataFolder} yet.`, mend)] }
  }
  return { lock: [fine('Lock', 'free')], inspection: await inspectDatabase(openOptions(settings)) }
}

/** What a start would refuse: an embedded database beside the mark of an instance on PostgreSQL. */
function judgePlace({ dataFolder }: Settings): Finding | undefined {
  try {
    requireEmbedded(dataFolder, true)
    return undefined
  } catch (error) {
    return fault('Database', reasonOf(error), 'Run this with the configuration of the service (--env-file).')
  }
}

async function judgeDatabase(settings: Settings): Promise<Finding[]> {
  const embedded = settings.database.kind === 'embedded'
  const misplaced = embedded ? judgePlace(settings) : undefined
  if (misplaced) return [misplaced]
  const askedAtMs = Date.now()
  try {
    const { lock, inspection } = embedded
      ? await lookEmbedded(settings)
      : { lock: [], inspection: await inspectDatabase(openOptions(settings)) }
    if (!inspection) return lock
    const { facts, pending } = inspection
    return [
      ...lock,
      judgeVersion(facts, embedded),
      judgeMigrations(pending),
      // The embedded database has this machine's clock, and a role that the service takes on by itself.
      ...(embedded ? [] : [judgeClock(facts.nowMs, askedAtMs, Date.now()), ...judgeWall(facts)]),
      ...judgeOrganizations(facts),
    ]
  } catch (error) {
    return [fault('Database', `cannot be asked: ${reasonOf(error)}.`, mendOfFailure(error, settings))]
  }
}
