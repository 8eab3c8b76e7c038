import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface FolderLock {
  /** Listens on `portcullis.sock` in the folder (0600): commands for this instance arrive here as connections. */
  server: Server
  socketPath: string
  release: () => Promise<void>
}

/** The folder is another process's. */
export class FolderHeld extends Error {
  readonly pid: number | undefined
  constructor(folder: string, pid: number | undefined) {
    const holder = pid === undefined ? 'another process' : `the process ${pid}`
    super(
      `The data folder ${folder} is in use by ${holder}. Stop it first, or choose another folder with PORTCULLIS_DATA; ` +
        'commands for the running instance go through it by themselves.',
    )
    this.name = 'FolderHeld'
    this.pid = pid
  }
}

/** A Unix socket's path may be 103 bytes on macOS and 107 on Linux, counted with the folder as it is given. */
const longestSocketPath = 103

export const socketPathOf = (folder: string): string => join(folder, 'portcullis.sock')

/**
 * Takes the folder for this process. What holds is the operating system's own file lock, taken by SQLite on an empty
 * file: Node has no `flock`, and this is the one kind of lock that neither a live holder can lose nor a dead one keep,
 * kill -9 included, without a guess about whether a process id is still the same process. The socket is bound only by
 * whoever holds the lock, so a stale one may be removed without a race; it also gives a holder away whose lock file was
 * deleted by hand.
 */
export async function lockFolder(givenFolder: string): Promise<FolderLock> {
  const folder = resolve(givenFolder)
  const socketPath = socketPathOf(folder)
  if (Buffer.byteLength(socketPath) > longestSocketPath)
    throw new Error(
      `The path of the data folder is too long for a Unix socket: ${folder}. Set PORTCULLIS_DATA to a shorter one.`,
    )
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = takeFileLock(folder)
  try {
    if (await answers(socketPath)) throw new FolderHeld(folder, holderOf(folder))
    rmSync(socketPath, { force: true })
    const server = await listen(socketPath)
    const connections = new Set<Socket>()
    server.on('connection', (socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
    writeFileSync(pidPathOf(folder), `${process.pid}\n`, { mode: 0o600 })
    const release = async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A command that still listens must not hold the folder; it sees its connection end.
      for (const socket of connections) socket.destroy()
      await closed
      rmSync(pidPathOf(folder), { force: true })
      lock.close()
    }
    return { server, socketPath, release }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Whether a live process holds the folder. */
export async function isHeld(givenFolder: string): Promise<boolean> {
  const folder = resolve(givenFolder)
  if (!existsSync(lockPathOf(folder))) return false
  if (await answers(socketPathOf(folder))) return true
  try {
    takeFileLock(folder).close()
    return false
  } catch (error) {
    if (error instanceof FolderHeld) return true
    throw error
  }
}

const lockPathOf = (folder: string) => join(folder, 'portcullis.lock')
const pidPathOf = (folder: string) => join(folder, 'portcullis.pid')

/** For the error's text alone; nothing is decided by it. */
function holderOf(folder: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(pidPathOf(folder), 'utf8'), 10) || undefined
  } catch {
    return undefined
  }
}

function takeFileLock(folder: string): DatabaseSync {
  const lock = new DatabaseSync(lockPathOf(folder), { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    const busy = (error as { errcode?: number }).errcode === 5
    throw busy ? new FolderHeld(folder, holderOf(folder)) : error
  }
}

/** A full queue (EAGAIN) is a holder that is busy; only a refusal or an absent file means that nobody is there. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.destroy()
      resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(error.code ?? ''))
    })
  })
}

/** The umask, not a later chmod, keeps others out: between the two anybody could connect. */
function listen(socketPath: string): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const umask = process.umask(0o177)
    server.listen(socketPath, () => {
      server.off('error', reject)
      chmodSync(socketPath, 0o600)
      server.unref()
      resolve(server)
    })
    process.umask(umask)
  })
}
