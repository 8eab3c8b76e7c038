import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** What the operator must mend, in a sentence. `exitCode` 1: another start may find it mended; 2: none will. */
export class OperatorError extends Error {
  override name = 'OperatorError'
  readonly exitCode: 1 | 2
  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message)
    this.exitCode = exitCode
  }
}

export const embeddedFolder = (dataFolder: string): string => join(dataFolder, 'database')

/** Whether a database was ever made in this data folder. */
export const hasEmbedded = (dataFolder: string): boolean => existsSync(embeddedFolder(dataFolder))

const howToName =
  'Name the configuration of the service with --env-file, or set DATABASE_URL or PORTCULLIS_DATA as the service has them.'

export const noEmbedded = (dataFolder: string): OperatorError =>
  new OperatorError(
    `There is no database in the data folder ${dataFolder}, and this command does not create one. ${howToName}`,
  )

const markPath = (dataFolder: string) => join(dataFolder, 'postgresql')

/** The database that an instance on PostgreSQL noted in its data folder, if there is one. */
export function readMark(dataFolder: string): string | undefined {
  try {
    return readFileSync(markPath(dataFolder), 'utf8').trim() || 'a PostgreSQL database'
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** Notes where the data of this instance is, so that a command without DATABASE_URL does not use an embedded database. */
export function writeMark(dataFolder: string, database: string): void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  if (readMark(dataFolder) !== database) writeFileSync(markPath(dataFolder), `${database}\n`, { mode: 0o600 })
}

/** Refuses to use, or to make, an embedded database where the data of this instance is elsewhere or nowhere. */
export function requireEmbedded(dataFolder: string, mayCreate: boolean): void {
  const mark = readMark(dataFolder)
  if (mark !== undefined) {
    throw new OperatorError(
      `The data folder ${dataFolder} belongs to an instance on PostgreSQL (${mark}), and DATABASE_URL is not set. ` +
        `${howToName} If this instance has left PostgreSQL for good, remove ${markPath(dataFolder)}.`,
    )
  }
  if (!mayCreate && !hasEmbedded(dataFolder)) throw noEmbedded(dataFolder)
}

const othersMayWrite = 0o022
const othersMayDoAnything = 0o077
const sticky = 0o1000

function isOurs(folder: string): boolean {
  const names = readdirSync(folder)
  return names.length === 0 || ['database', 'portcullis.lock', 'secret'].some((name) => names.includes(name))
}

/** Takes every right of group and others from a file, or from a folder and all in it. Links are left alone. */
function closeTree(path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  if ((stat.mode & othersMayDoAnything) !== 0) chmodSync(path, stat.mode & 0o700)
  if (stat.isDirectory()) for (const name of readdirSync(path)) closeTree(join(path, name))
}

/** What we put into the data folder. */
const ownNames = ['database', 'secret', 'resource-key', 'portcullis.lock', 'portcullis.pid', 'postgresql']

/**
 * Nobody but the owner may write to the data folder or read what is in it. PGlite makes its files readable and writable
 * for everybody, whatever the umask is. A folder that is not ours alone, such as /tmp, is refused and not changed.
 */
export function protectDataFolder(folder: string): void {
  const { mode } = statSync(folder)
  try {
    if ((mode & othersMayDoAnything) !== 0 && (mode & sticky) === 0 && isOurs(folder)) chmodSync(folder, mode & 0o700)
    for (const name of ownNames) if (existsSync(join(folder, name))) closeTree(join(folder, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
  if (![folder, ...ownNames.map((name) => join(folder, name))].some(isWritableForOthers)) return
  throw new OperatorError(
    `The data folder ${folder}, or a file in it, can be changed by others on this machine. Run \`chmod -R go= ${folder}\` ` +
      'as its owner, or set PORTCULLIS_DATA to a folder that is used for nothing else.',
  )
}

/** What of ours in the data folder others on this machine have any right to. */
export const findOpenFiles = (folder: string): string[] =>
  ownNames
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => [path, ...(statSync(path).isDirectory() ? listTree(path) : [])])
    .filter((path) => (lstatSync(path).mode & othersMayDoAnything) !== 0)

const listTree = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))

const isWritableForOthers = (path: string) => existsSync(path) && (statSync(path).mode & othersMayWrite) !== 0

/** Before anything in the data folder is read or written. */
export function prepareDataFolder(folder: string, mayCreate: boolean): void {
  requireEmbedded(folder, mayCreate)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    protectDataFolder(folder)
  } catch (error) {
    if (error instanceof OperatorError) throw error
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new OperatorError(`The data folder ${folder} cannot be used: ${reason}. Correct PORTCULLIS_DATA.`)
  }
}
