import type { Catalogue } from '../catalogue/rules.ts'
import { type VersionedStanding, versionOf } from '../previews/rules.ts'
import { bulkOf, etagOf, type Flag, flagsOf, hourOf, readTicket, type Ticket, ticketKey, ticketOf } from './rules.ts'

/**
 * A body's UTF-8, each byte as one character (Latin-1): node sends such a text in one piece with the head, and a
 * buffer in two.
 */
export type WireText = string

const wireText = (text: string): WireText => Buffer.from(text).toString('latin1')

/** What one organization is answered, ready to be sent. */
export interface Answers {
  organizationId: string
  version: number
  all: WireText
  etag: string
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
    // What a client has seen stands in the address, so that a change before it connected is told when it does.
    const url = `${publicUrl}/ofrep/v1/streams/${ticketOf(keys[0], by.id, hour)}?since=${version}`
    const all = JSON.stringify(bulkOf(of, by, flags, url))
    return { organizationId: by.id, version, all: wireText(all), etag: etagOf(all), one: onDemand(flags) }
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
