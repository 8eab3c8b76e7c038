import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { NodeFS } from '@electric-sql/pglite/nodefs'

/** What we need of Emscripten's file system for Node, which PGlite's types leave out. */
interface Emscripten {
  FS: { ErrnoError: new (errno: number) => Error }
  NODEFS: {
    realPath: (node: unknown) => string
    node_ops: { setattr: (node: unknown, attributes: { mode?: number }) => void }
    stream_ops: { fsync?: (stream: { nfd?: number; node: unknown }) => number }
  }
}

const othersMayDoAnything = 0o077

/** WASI's number for an input or output error. */
const eio = 29

/**
 * A folder whose files reach the disk when PostgreSQL asks for it. Emscripten leaves that out (and PGlite starts with
 * `fsync=off`), so that a power cut could take acknowledged commits along, or tear pages; a killed process could not.
 */
export class SyncedFolder extends NodeFS {
  override async init(...given: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...given)
    const synced = (module: unknown) => {
      const { FS, NODEFS } = module as Emscripten
      // Emscripten sets the mode of a new file after it made it, past the umask: 0666 where PostgreSQL left it open.
      const { setattr } = NODEFS.node_ops
      NODEFS.node_ops.setattr = (node, attributes) =>
        setattr(
          node,
          attributes.mode === undefined ? attributes : { ...attributes, mode: attributes.mode & ~othersMayDoAnything },
        )
      NODEFS.stream_ops.fsync = (stream) => {
        try {
          if (stream.nfd === undefined) syncPath(NODEFS.realPath(stream.node))
          else fsyncSync(stream.nfd)
          return 0
        } catch {
          throw new FS.ErrnoError(eio)
        }
      }
    }
    const preRun = (emscriptenOpts.preRun ?? []) as unknown[]
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, synced] as never } }
  }
}

/** Settings that go with it: of the ways to sync a log, Emscripten passes only this one on. */
export const syncedSettings = ['fsync=on', 'wal_sync_method=fsync']

function syncPath(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

/** Brings a whole folder to the disk, for what was written before anybody asked for it. */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else if (entry.isFile()) syncPath(path)
  }
  syncPath(folder)
}
