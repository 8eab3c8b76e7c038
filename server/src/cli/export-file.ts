import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'
import { dumped, type Snapshot, takenTables } from '../db/dump.ts'

/*
 * An export is a file of JSON lines: what it is, every row with its table, and last how many rows there are and the
 * SHA-256 of all bytes before. The hash finds what was cut off or changed by accident; whoever means harm can compute it.
 */

const count = z.int().min(0)
const isTaken = (table: string) => table in dumped && 'order' in dumped[table as keyof typeof dumped]

const Header = z.strictObject({
  portcullis: z.literal('export'),
  format: z.literal(1),
  time: z.iso.datetime(),
  migrations: z.array(z.string()),
  feedHead: count,
  tables: z.record(z.string(), z.strictObject({ columns: z.array(z.string()), rows: count })),
})
export type ExportHeader = z.infer<typeof Header>

const End = z.strictObject({ rows: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) })

/** A file that is no export, or not the whole of one, or not as it was written. */
export class BrokenExport extends Error {
  override name = 'BrokenExport'
}

/** A file that cannot be read or written is the operator's to mend: in a sentence, where a bug would show its stack. */
export function fileFault(error: unknown): string | undefined {
  const { syscall, code, path } = error as NodeJS.ErrnoException
  const isOfFile = /^(access|open|read|write|fsync|link)$/.test(syscall ?? '')
  return !isOfFile ? undefined : `${path ?? 'the file'} cannot be used (${syscall}: ${code}).`
}

const lineFeed = 0x0a

/** The file beside its place, until it is whole. */
async function writeAll(file: FileHandle, snapshot: Snapshot, time: Date): Promise<number> {
  const hash = createHash('sha256')
  let count = 0
  const write = async (text: string) => {
    const bytes = Buffer.from(text)
    hash.update(bytes)
    await file.writeFile(bytes)
  }
  const { migrations, feedHead, tables } = snapshot
  const header: ExportHeader = {
    portcullis: 'export',
    format: 1,
    time: time.toISOString(),
    migrations,
    feedHead,
    tables,
  }
  await write(`${JSON.stringify(header)}\n`)
  for (const { table } of takenTables) {
    for await (const rows of snapshot.rowsOf(table)) {
      count += rows.length
      await write(rows.map((row) => `{"table":"${table}","row":${row}}\n`).join(''))
    }
  }
  await file.writeFile(`${JSON.stringify({ rows: count, sha256: hash.copy().digest('hex') })}\n`)
  await file.sync()
  return count
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

/** Answers how many rows were written; undefined when there is a file already, which stays as it is. */
export async function writeExport(file: string, snapshot: Snapshot, time: Date): Promise<number | undefined> {
  if (await isThere(file)) return undefined
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`
  const handle = await open(partial, 'wx', 0o600)
  try {
    const rows = await writeAll(handle, snapshot, time)
    await moveInto(partial, file)
    await syncFolder(dirname(file))
    return rows
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  } finally {
    await handle.close()
    await rm(partial, { force: true })
  }
}

/** Unlike renaming, a link never takes the place of a file that appeared meanwhile; not every file system has links. */
async function moveInto(partial: string, file: string): Promise<void> {
  try {
    await link(partial, file)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(code) || (await isThere(file))) throw error
    await rename(partial, file)
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

/** Far longer than any row that the service writes. */
const longestLineBytes = 32 * 1024 * 1024

/** The lines of a file with their line feeds. By bytes, since text may hold other characters that count as line ends. */
export async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer])
    let from = 0
    for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, from)) {
      yield bytes.subarray(from, at + 1)
      from = at + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > longestLineBytes) throw new BrokenExport('it has a line that no export has')
  }
  if (rest.length > 0) throw new BrokenExport('its last line is not whole')
}

const rowLine = /^\{"table":"([a-z_]+)","row":(\{.*\})\}\n$/s

function parsed<T>(shape: z.ZodType<T>, line: Buffer): T | undefined {
  try {
    return shape.safeParse(JSON.parse(line.toString())).data
  } catch {
    return undefined
  }
}

function headerOf(line: Buffer | undefined): ExportHeader {
  const header = line && parsed(Header, line)
  if (!header) throw new BrokenExport('it does not begin as an export of a format that this version reads')
  const strange = Object.keys(header.tables).find((it) => !isTaken(it))
  if (strange !== undefined) throw new BrokenExport(`it has a table that this version does not know: ${strange}`)
  return header
}

function mustEnd(line: Buffer, hash: Hash, rows: number): void {
  const end = parsed(End, line)
  if (!end) throw new BrokenExport('it has a line that is neither a row nor its end')
  if (end.sha256 !== hash.digest('hex')) throw new BrokenExport('it is not as it was written: its hash is another one')
  if (end.rows !== rows) throw new BrokenExport('it has another number of rows than it says')
}

export interface RowBatch {
  table: string
  rows: string[]
}

const rowsAtOnce = 500
const charactersAtOnce = 1024 * 1024

/** Collects rows of one table, as many as are worth a statement. */
class Collected {
  #batch: RowBatch = { table: '', rows: [] }
  #characters = 0

  /** Answers what was collected before, once this row does not belong to it any more. */
  add(table: string, row: string): RowBatch | undefined {
    const { rows } = this.#batch
    const isFull = table !== this.#batch.table || rows.length >= rowsAtOnce || this.#characters >= charactersAtOnce
    const before = isFull ? this.take() : undefined
    this.#batch.table = table
    this.#batch.rows.push(row)
    this.#characters += row.length
    return before
  }

  take(): RowBatch | undefined {
    const batch = this.#batch
    this.#batch = { table: '', rows: [] }
    this.#characters = 0
    return batch.rows.length > 0 ? batch : undefined
  }
}

/**
 * Reads an export, in bounded memory: `begin` is given the header, then come the rows. Throws `BrokenExport` at the
 * first fault, the hash's at the end: what was read until then counts only once this has ended well.
 */
export async function* readExport(file: string, begin: (header: ExportHeader) => void): AsyncGenerator<RowBatch> {
  const lines = linesOf(file)
  const first: Buffer | undefined = (await lines.next()).value
  const header = headerOf(first)
  begin(header)
  const hash = createHash('sha256').update(first as Buffer)
  const collected = new Collected()
  let rows = 0
  let ended = false
  for await (const line of lines) {
    if (ended) throw new BrokenExport('something follows after its end')
    const [, table, row] = rowLine.exec(line.toString()) ?? []
    if (table !== undefined && row !== undefined) {
      if (!(table in header.tables))
        throw new BrokenExport(`it has rows of ${table}, of which its header knows nothing`)
      rows += 1
      hash.update(line)
      const batch = collected.add(table, row)
      if (batch) yield batch
      continue
    }
    mustEnd(line, hash, rows)
    ended = true
  }
  if (!ended) throw new BrokenExport('its end is missing')
  const last = collected.take()
  if (last) yield last
}

/** Reads all of it and keeps nothing; answers its header. Rejects with `BrokenExport`. */
export async function verifyExport(file: string): Promise<ExportHeader> {
  let header: ExportHeader | undefined
  for await (const _ of readExport(file, (it) => (header = it)));
  return header as ExportHeader
}
