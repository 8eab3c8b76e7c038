import type { OperatorAuthority } from '../../db/authority.ts'
import type { Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { Caller } from '../accounts/rules.ts'
import { type Actor, type ChainEnd, type ChainFault, type Cut, chainStart, faultOfLink } from './rules.ts'
import {
  type AuditEvent,
  type AuditFilter,
  listEvents,
  readChainEnd,
  readLastCut,
  readLinks,
  readOldest,
  removeOldest,
} from './store.ts'

/** A3: the newest events that the filter lets through, older than number `before`; one more than `limit`, for paging. */
export const findEvents = (
  deps: Deps,
  caller: Caller,
  filter: AuditFilter,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<AuditEvent[]> =>
  deps.read(caller.organizationId, (db) =>
    listEvents(db, filter, { organizationId: caller.organizationId, before, limit: limit + 1 }),
  )

/** How many events an export or a verification holds in memory; each batch is a read of its own, so nothing stays locked. */
const batchSize = 500

async function* eventBatches(deps: Deps, caller: Caller, filter: AuditFilter): AsyncGenerator<AuditEvent[]> {
  const { organizationId } = caller
  let before: number | undefined
  for (;;) {
    const batch = await deps.read(organizationId, (db) =>
      listEvents(db, filter, { organizationId, before, limit: batchSize }),
    )
    if (batch.length > 0) yield batch
    before = batch.at(-1)?.sequence
    if (batch.length < batchSize || before === undefined) return
  }
}

/**
 * A3: all events that the filter lets through, as bytes; the next batch is read when the reader has taken the last. The
 * first is read before there is a file, since whoever may not read yet must be told so by a status.
 */
export async function exportEvents(
  deps: Deps,
  caller: Caller,
  filter: AuditFilter,
  { head, line }: { head: string; line: (it: AuditEvent) => string },
): Promise<ReadableStream<Uint8Array>> {
  const batches = eventBatches(deps, caller, filter)
  const utf8 = new TextEncoder()
  let first: IteratorResult<AuditEvent[]> | undefined = await batches.next()
  let text = head
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { value, done } = first ?? (await batches.next())
        first = undefined
        text += value?.map(line).join('') ?? ''
        if (text !== '') controller.enqueue(utf8.encode(text))
        text = ''
        if (done) controller.close()
      },
      cancel: async () => void (await batches.return(undefined)),
    },
    { highWaterMark: 0 },
  )
}

export interface Verified {
  /** Behind which event the walk began: nothing, or the newest cut. */
  start: ChainEnd
  /** The last event that was found good: a checkpoint to save outside. */
  end: ChainEnd
  cut?: Cut
  fault?: ChainFault
}

/** Up to which event the log was cut, as it says itself; 0 where it never was. */
export const readCutUpTo = async (db: Reader, organizationId: string): Promise<number> =>
  (await readLastCut(db, organizationId))?.sequence ?? 0

/** One organization's chain, and how to ask for it. */
interface Walk {
  read: <T>(work: (db: Reader, organizationId: string) => Promise<T>) => Promise<T>
  cut: Cut | undefined
  checkpoint: ChainEnd
}

/** Is this event another one than a witness from elsewhere saw at its number? */
const disagrees = (end: ChainEnd, witness: ChainEnd) => witness.sequence === end.sequence && witness.hash !== end.hash

/** What a checkpoint says of a chain before its first event is looked at. */
function faultOfStart({ cut, checkpoint }: Walk): ChainFault | undefined {
  if (!cut || checkpoint.sequence === 0 || checkpoint.sequence > cut.sequence) return undefined
  if (checkpoint.sequence < cut.sequence) return { sequence: cut.sequence + 1, fault: 'beyond_checkpoint' }
  return disagrees(cut, checkpoint) ? { sequence: cut.sequence, fault: 'rewritten' } : undefined
}

/** What is wrong beyond the chain's last event, or with events where there should be none. */
async function faultOfBounds({ read, cut, checkpoint }: Walk, end: ChainEnd, known: ChainEnd) {
  if (known.sequence < end.sequence) return { sequence: known.sequence + 1, fault: 'surplus' } as const
  if (known.hash !== end.hash) return { sequence: end.sequence, fault: 'end_altered' } as const
  if (checkpoint.sequence > end.sequence) return { sequence: end.sequence + 1, fault: 'cut_off' } as const
  const oldest = await read((db, id) => readOldest(db, id))
  if (oldest === undefined || oldest > (cut?.sequence ?? 0)) return undefined
  return { sequence: oldest, fault: oldest > 0 ? 'left_over' : 'surplus' } as const
}

/** Walks the chain from its start to where the organization's row says that it ends, and stops at the first fault. */
async function walkChain(it: Walk): Promise<Verified | undefined> {
  const start: ChainEnd = it.cut ? { sequence: it.cut.sequence, hash: it.cut.hash } : chainStart
  let end = start
  const verified = (fault?: ChainFault): Verified => ({
    start,
    end,
    ...(it.cut && { cut: it.cut }),
    ...(fault && { fault }),
  })
  let known = await it.read(readChainEnd)
  if (!known) return undefined
  const faultAtStart = faultOfStart(it)
  if (faultAtStart) return verified(faultAtStart)
  for (;;) {
    const links = await it.read((db, id) => readLinks(db, id, end.sequence, batchSize))
    for (const link of links) {
      const fault = faultOfLink(end, link)
      if (fault) return verified(fault)
      const next = { sequence: link.record.sequence, hash: link.hash }
      if (disagrees(next, it.checkpoint)) return verified({ sequence: next.sequence, fault: 'rewritten' })
      end = next
    }
    // `known` was read before the links: what it knows of was committed then, and is not there now.
    if (links.length === 0 && known.sequence > end.sequence) {
      return verified({ sequence: end.sequence + 1, fault: 'cut_off' })
    }
    // Read after the links: what was appended meanwhile is walked, too.
    known = (await it.read(readChainEnd)) ?? known
    if (known.sequence <= end.sequence) return verified(await faultOfBounds(it, end, known))
  }
}

/**
 * A2: walks an organization's chain from its first event, or from its newest recorded cut, and stops at the first broken
 * link. Whoever rewrites the whole chain with all its hashes passes that; a checkpoint that was kept outside finds it.
 * Undefined: no such organization.
 */
export async function verifyChain(
  deps: Pick<Deps, 'read'>,
  organizationId: string,
  checkpoint: ChainEnd = chainStart,
): Promise<Verified | undefined> {
  const read: Walk['read'] = (work) => deps.read(organizationId, (db) => work(db, organizationId))
  let cut = await read(readLastCut)
  for (;;) {
    const verified = await walkChain({ read, cut, checkpoint })
    const cutNow = verified?.fault && (await read(readLastCut))
    // Cut while it was walked: what is missing was taken away from under the walk.
    if (cutNow?.recordedAs === cut?.recordedAs || !verified?.fault) return verified
    cut = cutNow
  }
}

/** What cutting takes: the access of the owner of the tables, since the service's own can only append (A2). */
export interface CutDeps extends Pick<Deps, 'read' | 'change' | 'now'> {
  remove: (work: (tx: Writer) => Promise<number>) => Promise<number>
}

export interface CutRequest {
  organization: { id: string; name: string }
  actor: Actor
  authority: OperatorAuthority
  /** Events of this moment and later stay. */
  before: Date
  /** If given, nothing that came after it is removed. */
  checkpoint?: ChainEnd | undefined
  dryRun: boolean
}

export interface Removed {
  /** The last event that goes, or went. */
  upTo: number
  count: number
  recordedAs?: number
}

/** So many events are removed at a time: the database has others to serve in between. */
const removedAtOnce = 500

/** Records a cut as an event of the log that it cuts; answers that event's number. */
async function recordCut(
  { change, now }: CutDeps,
  { organization, actor, authority, before }: CutRequest,
  { upTo, verified }: { upTo: number; verified: Verified },
): Promise<number> {
  const { start, cut } = verified
  const origin = { actor, authority, ip: null, userAgent: null, requestId: null }
  const result = await change({ organizationId: organization.id, at: now(), ...origin }, async (tx) => {
    const [last] = await readLinks(tx, organization.id, upTo - 1, 1)
    const end = await readChainEnd(tx, organization.id)
    const isCutMeanwhile = (await readLastCut(tx, organization.id))?.recordedAs !== cut?.recordedAs
    if (last?.record.sequence !== upTo || !end || isCutMeanwhile)
      throw new Error('The log was cut meanwhile; try again.')
    const after = { sequence: upTo, hash: last.hash, removed: upTo - start.sequence, before }
    const target = { kind: 'organization' as const, ...organization }
    return { ok: true, value: end.sequence + 1, events: [{ action: 'audit.cut', target, after }], forget: [] }
  })
  if (!result.ok) throw new Error(result.code)
  return result.value
}

/** The last event that may go: all up to it are older than the moment, and the checkpoint knows them. */
async function lastToGo(
  deps: CutDeps,
  { organization: { id }, before, checkpoint }: CutRequest,
  { start, end, cut }: Verified,
): Promise<number> {
  const kept = (await deps.read(id, (db) => readOldest(db, id, before))) ?? end.sequence + 1
  const upTo = Math.min(kept - 1, checkpoint?.sequence ?? end.sequence)
  // To remove the record of a cut and nothing else would only put another in its place.
  return upTo === start.sequence + 1 && upTo === cut?.recordedAs ? start.sequence : upTo
}

/**
 * A2: removes an organization's events from before a moment. First the chain is verified: a broken one is evidence, and
 * stays as it is. Then the cut becomes an event of the chain, from whose hash the rest goes on, and only then is anything
 * removed, so that no event is ever missing without a record of it. Interrupted, it goes on when it is asked for again.
 */
export async function cutLog(
  deps: CutDeps,
  request: CutRequest,
): Promise<{ removed: Removed } | { fault: ChainFault } | undefined> {
  const { id } = request.organization
  const verified = await verifyChain(deps, id, request.checkpoint)
  if (!verified) return undefined
  const { start, fault } = verified
  const isLeftOver = fault?.fault === 'left_over'
  if (fault && !isLeftOver) return { fault }
  const last = await lastToGo(deps, request, verified)
  // Whoever can only append could record a cut that nobody made: what the operator did not ask for stays.
  if (isLeftOver && last < start.sequence) return { fault }
  const upTo = Math.max(last, start.sequence)
  const isNew = upTo > start.sequence
  const removed: Removed = { upTo, count: upTo - (isLeftOver ? fault.sequence - 1 : start.sequence) }
  if (request.dryRun || removed.count === 0) return { removed }
  const recordedAs = isNew ? await recordCut(deps, request, { upTo, verified }) : undefined
  while ((await deps.remove((tx) => removeOldest(tx, id, { upTo, limit: removedAtOnce }))) > 0);
  return { removed: { ...removed, ...(recordedAs !== undefined && { recordedAs }) } }
}
