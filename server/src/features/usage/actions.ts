import type { Deps } from '../../db/deps.ts'
import type { Caller } from '../accounts/rules.ts'
import { batchOf, type TokenUse, type Uses } from './rules.ts'
import { usesPerDay, usesPerToken } from './store.ts'

const dayMs = 24 * 60 * 60 * 1000
const dayOf = (at: Date) => at.toISOString().slice(0, 10)

/** Uses of the last `days` UTC days, today included: a member's own tokens, an admin's whole organization. Days without use are 0. */
export function getTokenUsage(deps: Deps, caller: Caller, days: number) {
  const now = deps.now()
  const dates = Array.from({ length: days }, (_, i) => dayOf(new Date(now.getTime() - (days - 1 - i) * dayMs)))
  const from = dates[0] ?? dayOf(now)
  const accountId = caller.role === 'admin' ? undefined : caller.accountId
  return deps.read(caller.organizationId, async (db) => {
    const perDay = new Map((await usesPerDay(db, from, accountId)).map((it) => [it.date, it.count]))
    const tokens = await usesPerToken(db, from, accountId)
    return {
      days: dates.map((date) => ({ date, count: perDay.get(date) ?? 0 })),
      tokens: tokens.map(({ accountId: id, accountKind: kind, accountName: name, ...it }) => ({
        ...it,
        account: { id, kind, name },
      })),
    }
  })
}

const flushMs = 10_000
const mostPending = 50_000

/**
 * T8: counts uses in memory and writes them in batches, so that recording never slows a decision down. A batch that
 * cannot be written is added to the next one; when too many tokens are pending it is given up, since a last-used time
 * is worth less than the gate's memory.
 */
export function buildRecorder({
  write,
  failed,
}: {
  write: (uses: TokenUse[]) => Promise<void>
  failed: (error: unknown) => void
}) {
  let pending = new Map<string, Uses>()
  let writing: Promise<void> | undefined

  const add = (tokenId: string, count: number, atMs: number) => {
    const known = pending.get(tokenId)
    if (known === undefined) {
      pending.set(tokenId, { count, lastUsedAtMs: atMs })
      return
    }
    known.count += count
    if (atMs > known.lastUsedAtMs) known.lastUsedAtMs = atMs
  }

  const writePending = async () => {
    const batch = pending
    pending = new Map()
    try {
      await write(batchOf(batch))
    } catch (error) {
      failed(error)
      if (pending.size + batch.size > mostPending) return
      for (const [tokenId, { count, lastUsedAtMs }] of batch) add(tokenId, count, lastUsedAtMs)
    }
  }

  /** Writes what is pending; calls share one write, so resolve means that everything counted before is written or kept. */
  const flush = async (): Promise<void> => {
    await writing
    if (pending.size === 0) return
    writing = writePending().finally(() => {
      writing = undefined
    })
    await writing
  }

  const timer = setInterval(() => void flush(), flushMs)
  timer.unref()
  return {
    used: (tokenId: string, atMs: number): void => {
      add(tokenId, 1, atMs)
      if (pending.size === mostPending) void flush()
    },
    flush,
    /** Writes the rest; nothing is counted on a timer afterwards. */
    close: async (): Promise<void> => {
      clearInterval(timer)
      await flush()
    },
  }
}
