import type { Deps } from '../../db/deps.ts'
import type { Caller } from '../accounts/rules.ts'
import { type ChainEnd, type ChainFault, chainStart, faultOfLink } from './rules.ts'
import { type AuditEvent, type AuditFilter, listEvents, readChainEnd, readLinks } from './store.ts'

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

/** A3: all events that the filter lets through, as bytes; the next batch is read when the reader has taken the last. */
export function exportEvents(
  deps: Deps,
  caller: Caller,
  filter: AuditFilter,
  { head, line }: { head: string; line: (it: AuditEvent) => string },
): ReadableStream<Uint8Array> {
  const batches = eventBatches(deps, caller, filter)
  const utf8 = new TextEncoder()
  let text = head
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { value, done } = await batches.next()
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
  /** The last event that was found good: a checkpoint to save outside. */
  end: ChainEnd
  fault?: ChainFault
}

/** What is known from elsewhere about the chain: its end by the organization's row, and a checkpoint saved outside. */
const disagrees = (end: ChainEnd, witnesses: readonly ChainEnd[]) =>
  witnesses.some((it) => it.sequence === end.sequence && it.hash !== end.hash)

/**
 * A2: walks an organization's chain from its first event and stops at the first broken link. Whoever rewrites the whole
 * chain with all its hashes passes that; a checkpoint that was kept outside finds it. Undefined: no such organization.
 */
export async function verifyChain(
  deps: Pick<Deps, 'read'>,
  organizationId: string,
  checkpoint: ChainEnd = chainStart,
): Promise<Verified | undefined> {
  const known = await deps.read(organizationId, (db) => readChainEnd(db, organizationId))
  if (!known) return undefined
  const witnesses = [known, checkpoint]
  const goal = Math.max(known.sequence, checkpoint.sequence)
  let end = chainStart
  while (end.sequence < goal) {
    const after = end.sequence
    const links = await deps.read(organizationId, (db) => readLinks(db, organizationId, after, batchSize))
    if (links.length === 0) return { end, fault: { sequence: after + 1, fault: 'cut_off' } }
    for (const link of links) {
      const fault = faultOfLink(end, link)
      if (fault) return { end, fault }
      const next = { sequence: link.record.sequence, hash: link.hash }
      if (disagrees(next, witnesses)) return { end, fault: { sequence: next.sequence, fault: 'rewritten' } }
      end = next
    }
  }
  return { end }
}
