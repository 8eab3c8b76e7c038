import * as z from 'zod'
import { id, keyOf, page, paging, sentTime, time } from '../../http/shapes.ts'
import { auditActions } from './rules.ts'

const filter = {
  /** From this moment on. */
  from: time().optional(),
  /** Before this moment. */
  to: time().optional(),
  actorId: id('mem', 'svc').optional(),
  action: z.enum(auditActions).optional(),
  targetId: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'Not a valid id.')
    .optional(),
}

const inOrder = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }) => !from || !to || from < to
const notInOrder = { path: ['to'], message: 'Must be later than `from`.' }

/** A place in the log is an event's number. */
const cursor = z
  .string()
  .max(200)
  .refine((it) => /^\d{1,15}$/.test(keyOf(it)), 'Not a cursor of ours.')
  .optional()

export const AuditQuery = z.strictObject({ ...paging, cursor, ...filter }).refine(inOrder, notInOrder)

export const exportFormats = ['csv', 'ndjson'] as const

export const ExportQuery = z.strictObject({ format: z.enum(exportFormats), ...filter }).refine(inOrder, notInOrder)

export const AuditEvent = z
  .object({
    id: z.string(),
    organizationId: z.string(),
    sequence: z.int(),
    time: sentTime(),
    actor: z.object({
      kind: z.enum(['member', 'service_account', 'operator', 'anonymous']),
      id: z.string().nullable(),
      name: z.string(),
    }),
    action: z.string(),
    target: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    before: z.unknown(),
    after: z.unknown(),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    requestId: z.string().nullable(),
    /** A2: the hash of the event before; '' for the first. */
    previousHash: z.string(),
    /** A2: SHA-256 of the previous hash, a line feed, and all other members in canonical JSON. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEvent' })

export const AuditPage = page(AuditEvent).meta({ id: 'AuditPage' })
type Told = z.infer<typeof AuditEvent>

const columns: Record<string, (it: Told) => string | number | null> = {
  id: (it) => it.id,
  sequence: (it) => it.sequence,
  time: (it) => it.time.toISOString(),
  actorKind: (it) => it.actor.kind,
  actorId: (it) => it.actor.id,
  actorName: (it) => it.actor.name,
  action: (it) => it.action,
  targetKind: (it) => it.target.kind,
  targetId: (it) => it.target.id,
  targetName: (it) => it.target.name,
  before: (it) => (it.before === null ? null : JSON.stringify(it.before)),
  after: (it) => (it.after === null ? null : JSON.stringify(it.after)),
  ip: (it) => it.ip,
  userAgent: (it) => it.userAgent,
  requestId: (it) => it.requestId,
  organizationId: (it) => it.organizationId,
  previousHash: (it) => it.previousHash,
  hash: (it) => it.hash,
}

/**
 * One cell of RFC 4180. Names and user agents are other people's text: what a spreadsheet would take for a formula
 * gets an apostrophe in front (CWE-1236), the full-width signs included, which some spreadsheets read as the plain ones.
 */
function csvCell(it: string | number | null): string {
  const text = String(it ?? '')
  const harmless = /^\s*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

const csvLine = (cells: readonly (string | number | null)[]) => `${cells.map(csvCell).join(',')}\r\n`

/** How each format is written, line by line. */
export const exportWriters: Record<
  (typeof exportFormats)[number],
  { contentType: string; head: string; line: (it: Told) => string }
> = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: csvLine(Object.keys(columns)),
    line: (it) => csvLine(Object.values(columns).map((cell) => cell(it))),
  },
  ndjson: { contentType: 'application/x-ndjson', head: '', line: (it) => `${JSON.stringify(it)}\n` },
}
