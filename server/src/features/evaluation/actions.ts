import type { Catalogue } from '../catalogue/rules.ts'
import { type VersionedStanding, versionOf } from '../previews/rules.ts'
import { bulkOf, etagOf, type Flag, flagsOf, hourOf, readTicket, type Ticket, ticketKey, ticketOf } from './rules.ts'

/**
 * A body's UTF-8, each byte as one character (Latin-1): node sends such a text in one piece with the head, and a
 * buffer in two.
 */
export type WireText = string

const wireText = (text: string): WireText => Buffer.from(text).toString('latin1')

/** All features, ready to be sent. */
export interface BulkAnswer {
  all: WireText
  etag: string
}

/** What one organization is answered, ready to be sent. */
export interface Answers {
  organizationId: string
  version: number
  /** For an account, or for the host product; they differ in the address of the event stream. */
  bulkFor: (accountId: string | undefined) => BulkAnswer
  /** By key; what the organization may not see is not there. */
  one: (key: string) => WireText | undefined
}

export interface EvaluationParts {
  catalogue: { current: () => Catalogue }
  /** Where an organization stands, by its id or slug; in the same tick when memory may say (N3). */
  previews: { standingOf: (idOrSlug: string) => VersionedStanding | undefined | Promise<VersionedStanding | undefined> }
  /** Newest first; tickets of the older ones are still good. */
  secrets: readonly [string, ...string[]]
  publicUrl: string
  /** Unix milliseconds. */
  now: () => number
}

export interface Evaluations {
  /** F6: the answers for an organization by its id or slug; undefined when there is none. */
  answersFor: (idOrSlug: string) => Answers | undefined | Promise<Answers | undefined>
  ticket: (text: string) => Ticket | undefined
}

/** Composes what OFREP answers: once per organization, version and hour of the ticket, as bytes. */
export function buildEvaluations({ catalogue, previews, secrets, publicUrl, now }: EvaluationParts): Evaluations {
  const keys = secrets.map(ticketKey) as [Buffer, ...Buffer[]]
  // Held by the standing itself: what memory forgets (N3) takes its answers along.
  const composed = new WeakMap<VersionedStanding, { of: Catalogue; hour: number; answers: Answers }>()

  const compose = (of: Catalogue, by: VersionedStanding, hour: number): Answers => {
    const flags = flagsOf(of, by)
    const version = versionOf(of, by)
    const ticketFor = (accountId: string | undefined) => ticketOf(keys[0], { organizationId: by.id, accountId }, hour)
    const hostTicket = ticketFor(undefined)
    // What a client has seen stands in the address, so that a change before it connected is told when it does.
    const url = `${publicUrl}/ofrep/v1/streams/${hostTicket}?since=${version}`
    const text = JSON.stringify(bulkOf(of, by, flags, url))
    const host = { all: wireText(text), etag: etagOf(text) }
    // The address of the stream comes last, behind whatever the catalogue's texts may hold.
    const at = host.all.lastIndexOf(hostTicket)
    const bulkFor = (accountId: string | undefined): BulkAnswer => {
      if (accountId === undefined) return host
      const ticket = ticketFor(accountId)
      const all = host.all.slice(0, at) + ticket + host.all.slice(at + hostTicket.length)
      return { all, etag: `"${host.etag.slice(1, -1)}.${ticket.slice(-12)}"` }
    }
    return { organizationId: by.id, version, bulkFor, one: onDemand(flags) }
  }

  const answersOf = (by: VersionedStanding): Answers => {
    const of = catalogue.current()
    const hour = hourOf(now())
    const known = composed.get(by)
    if (known?.of === of && known.hour === hour) return known.answers
    const answers = compose(of, by, hour)
    composed.set(by, { of, hour, answers })
    return answers
  }

  return {
    answersFor: (idOrSlug) => {
      const standing = previews.standingOf(idOrSlug)
      if (standing instanceof Promise) return standing.then((it) => it && answersOf(it))
      return standing && answersOf(standing)
    },
    ticket: (text) => readTicket(keys, text, now()),
  }
}

/** Each flag as text, made when it is first asked for. */
function onDemand(flags: readonly Flag[]): (key: string) => WireText | undefined {
  const byKey = new Map<string, Flag | WireText>(flags.map((it) => [it.key, it]))
  return (key) => {
    const it = byKey.get(key)
    if (it === undefined || typeof it === 'string') return it
    const text = wireText(JSON.stringify(it))
    byKey.set(key, text)
    return text
  }
}
