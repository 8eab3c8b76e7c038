/** N3: how long a lease holds at most after the request that confirmed it was sent. */
export const leaseMs = 1000

/** A peer tells of itself every second at least; one that was not seen for this long has gone silent. */
const silentAfterMs = 3 * leaseMs

/** A saved setting, as the feed tells of it. */
export interface Save {
  /** The feed's number. */
  number: number
  organizationId: string
  /** Of the setting. */
  version: number
}

/** A process or an embedded verifier, and what it obeys of one organization. */
export interface Peer {
  name: string
  kind: 'server' | 'verifier'
  /** The feed's number up to which it has forgotten. */
  applied: number
  /** How long after its lease it may go on with what it knew (N3); servers never do. */
  allowanceMs: number
  seenAgoMs: number
  /** The last save of the organization that it was seen to obey, and how long after the save that was. */
  confirmed?: { number: number; version: number; afterMs: number }
}

export interface Confirmation {
  name: string
  kind: Peer['kind']
  version: number
  afterMs: number
  lastSeenAt: Date
  silentSince?: Date
}

const before = (at: Date, ms: number) => new Date(at.getTime() - Math.round(ms))

/**
 * P11: what a peer has confirmed of the last save. One that has applied its number obeys it; if nobody saw when, it began
 * later, with the new setting. One that is silent says since when, and no more: silence does not show what it does.
 */
export function confirmationOf(peer: Peer, saved: { number: number; version: number }, at: Date): Confirmation {
  const { name, kind, applied, seenAgoMs, confirmed } = peer
  const lastSeenAt = before(at, seenAgoMs)
  const silence = seenAgoMs > silentAfterMs && { silentSince: lastSeenAt }
  const obeys = applied >= saved.number
  const isOfThisSave = confirmed?.number === saved.number
  return {
    name,
    kind,
    version: obeys ? saved.version : (confirmed?.version ?? Math.max(1, saved.version - 1)),
    afterMs: obeys && !isOfThisSave ? 0 : (confirmed?.afterMs ?? 0),
    lastSeenAt,
    ...silence,
  }
}

/** The saves that a peer came to obey when it went from one number to another. */
export const obeyedBetween = <S extends Save>(saves: readonly S[], from: number, to: number): S[] =>
  saves.filter(({ number }) => number > from && number <= to)
