import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { parsers } from '../parsers.ts'
import { SyncedFolder, syncedSettings } from './synced-folder.ts'

/** Where the database is. `synced`: each commit reaches the disk before it is answered. */
export interface Place {
  folder: string
  synced: boolean
}

/** What the thread is asked, and what it tells. One question at a time is in work; the rest wait in the port's order. */
export type ToWorker =
  | { id: number; kind: 'query'; text: string; parameters: readonly unknown[] }
  | { id: number; kind: 'close' }
export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'wake' }
  | { kind: 'answer'; id: number; rows: unknown[]; rowCount: number; command: string }
  | { kind: 'fault'; id: number; fault: Record<string, unknown> }

const port = parentPort as MessagePort
const tell = (message: FromWorker) => port.postMessage(message)

const { folder, synced } = workerData as Place

/** One session, one process: the defaults of a shared server only cost memory here. */
const settings = ['shared_buffers=16MB', 'max_connections=4', 'autovacuum_worker_slots=1', 'max_wal_size=128MB']

const database = new PGlite({
  ...(synced ? { fs: new SyncedFolder(folder) } : { dataDir: folder }),
  startParams: [
    ...PGlite.defaultStartParams,
    ...[...settings, ...(synced ? syncedSettings : [])].flatMap((it) => ['-c', it]),
  ],
  parsers: { ...parsers },
})

/**
 * An error's own fields (`code`, `constraint`, `detail` …) as plain data, since threads can't hand over classes; but for
 * the statement and its parameters, which PGlite adds and a log must never show.
 */
function faultOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { query: _, params: __, ...fields } = JSON.parse(JSON.stringify(error)) as Record<string, unknown>
  return { ...fields, message: error.message }
}

class BrokenDown extends Error {}

/**
 * Something of PostgreSQL itself broke, rather than a statement or its parameters: XX is its class of internal errors,
 * `RuntimeError` is WebAssembly's trap.
 */
function isBroken(error: unknown): boolean {
  if (error instanceof BrokenDown || error instanceof RangeError) return true
  const { name, severity, code } = error as { name?: unknown; severity?: unknown; code?: unknown }
  return name === 'RuntimeError' || severity === 'FATAL' || severity === 'PANIC' || String(code).startsWith('XX')
}

/**
 * After a crash PGlite answers on, with nothing: a `commit` too, though nothing was committed. So an answer that does
 * not name its command is none, and the thread ends rather than guess; opening the folder anew recovers what is true.
 */
async function ask(text: string, parameters: readonly unknown[]) {
  const { rows, rowCount, command } = await database.query(text, [...parameters])
  if (command === undefined) throw new BrokenDown('The embedded database broke down')
  return { rows, rowCount: rowCount ?? 0, command }
}

async function answer(asked: ToWorker): Promise<void> {
  try {
    if (asked.kind === 'close') {
      await database.close()
      tell({ kind: 'answer', id: asked.id, rows: [], rowCount: 0, command: '' })
      port.close()
      return
    }
    tell({ kind: 'answer', id: asked.id, ...(await ask(asked.text, asked.parameters)) })
  } catch (error) {
    tell({ kind: 'fault', id: asked.id, fault: faultOf(error) })
    if (isBroken(error)) process.exit(1)
  }
}

await database.waitReady
await database.listen('portcullis_feed', () => tell({ kind: 'wake' }))
let turn = Promise.resolve()
port.on('message', (asked: ToWorker) => {
  turn = turn.then(() => answer(asked))
})
tell({ kind: 'ready' })
