/** T8: uses of one token that have not been written yet. */
export interface Uses {
  count: number
  lastUsedAtMs: number
}

/** A batch to write: what `record_uses` adds up. */
export interface TokenUse {
  tokenId: string
  /** UTC day of the last use, `YYYY-MM-DD`; a batch is short, so a midnight inside it moves a few uses at most. */
  day: string
  count: number
  lastUsedAt: string
}

/** Pending uses as a batch. */
export const batchOf = (pending: ReadonlyMap<string, Uses>): TokenUse[] =>
  [...pending].map(([tokenId, { count, lastUsedAtMs }]) => {
    const lastUsedAt = new Date(lastUsedAtMs).toISOString()
    return { tokenId, day: lastUsedAt.slice(0, 10), count, lastUsedAt }
  })
