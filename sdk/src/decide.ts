import { formOf, hashOf } from './credential.ts'
import type { Lease } from './lease.ts'
import type { Found, Lookup, TokenQuestion } from './lookup.ts'
import type { Entry, Memory } from './memory.ts'
import type { Metric } from './metric.ts'
import type { Usage } from './usage.ts'
import { type Active, expiredAnswer, refusalFor, type Verification } from './verification.ts'

export interface DecideParts {
  readonly memory: Memory
  readonly lease: Lease
  readonly lookup: Pick<Lookup, 'find'>
  readonly outageMs: number
  /** T8: told of each use that the server does not see. */
  readonly usage: Pick<Usage, 'count' | 'add'>
  /** Left out, nothing is made to be told. */
  readonly tell: ((metric: Metric) => void) | undefined
  readonly monotonicMs: () => number
  readonly nowMs: () => number
}

type Named = Pick<TokenQuestion, 'key' | 'hash' | 'source' | 'organization'>

export type Decide = (credential: string, organization: string | undefined) => Verification | Promise<Verification>

const malformed = refusalFor('malformed')
const unknown = refusalFor('unknown')
const unavailable = refusalFor('unavailable')

/** An external token is asked about anew after this time: its keys and its provider's rules are not known here. */
const externalMs = 60_000
/** No change undoes these. */
const lasting: readonly string[] = ['unknown', 'revoked', 'owner_removed']
/** After a question found nobody, known tokens go on for so long before somebody else waits for an answer (`outageMs`). */
const awayMs = 250

/** Where an answer is kept: what the server said of the organization that was named is true of that one alone. */
const nameOf = (hash: string, organization: string | undefined) =>
  organization === undefined ? hash : `${hash} ${organization}`

/** Keeps what the server answered, true from a number of the feed on, as far as the feed will say when it is not. */
export function keepIn(memory: Memory, { key, hash, source }: TokenQuestion, answer: Verification, as: As): void {
  const { from, atMs } = as
  if (source === 'external') {
    if (answer.active) memory.keepExternal(key, answer, { from, untilMs: atMs + externalMs })
  } else if (answer.active || answer.whose) memory.keepManaged(hash, answer, from)
  else if (lasting.includes(answer.reason)) memory.keepRefusal(key, answer, from)
}

interface As {
  readonly from: number
  readonly atMs: number
}

/** N3: decides from memory while a lease holds, else by asking; what nobody can know is never a yes. */
export function buildDecide(parts: DecideParts): Decide {
  const { memory, lease, lookup, outageMs, usage, tell, monotonicMs, nowMs } = parts
  let askedInVainAtMs = Number.NEGATIVE_INFINITY

  /** A remembered answer as it is at this moment; undefined when the server must say. */
  const judge = (entry: Entry, organization: string | undefined): Verification | undefined => {
    const { answer, account, external } = entry
    if (!external && organization !== undefined && organization !== account.organization.id) return unknown
    const expiresAtMs = answer.active ? answer.token.expiresAtMs : answer.whose?.expiresAtMs
    if (expiresAtMs === undefined || expiresAtMs > nowMs()) return answer
    // The clock tolerance of a provider is the server's to grant.
    if (external) return undefined
    return answer.active ? expiredAnswer(answer) : Object.freeze({ ...answer, reason: 'expired' })
  }

  /** The same, counted as a use; external tokens are none that the server counts. */
  const use = (entry: Entry, organization: string | undefined, at: number): Verification | undefined => {
    const answer = judge(entry, organization)
    if (answer?.active && !entry.external) usage.count(entry, at)
    return answer
  }

  const fromMemory = ({ key, hash, source, organization }: Named): Verification | undefined => {
    const at = monotonicMs()
    if (!lease.holds(at)) return undefined
    const entry = memory.get(source === 'managed' ? hash : key, lease.vouched)
    if (entry === undefined) return source === 'managed' ? memory.refusal(key, lease.vouched) : undefined
    return entry.external && entry.external.untilMs <= at ? undefined : use(entry, organization, at)
  }

  /** A token that memory knew as good, while nobody answers, for as long as the host wants that. */
  const throughOutage = ({ key, hash, source, organization }: Named): Verification | undefined => {
    const at = monotonicMs()
    if (outageMs === 0 || lease.holds(at) || at >= lease.endsAtMs + outageMs) return undefined
    const entry = memory.get(source === 'managed' ? hash : key, lease.vouched)
    if (!entry || !judge(entry, organization)?.active) return undefined
    return use(entry, organization, at)
  }

  const decided = (from: 'memory' | 'server' | 'outage', answer: Verification): Verification => {
    if (tell)
      tell(
        answer.active
          ? { type: 'decided', from, active: true }
          : { type: 'decided', from, active: false, reason: answer.reason },
      )
    return answer
  }

  const settle = (question: TokenQuestion, found: Found): Verification => {
    if (!('fault' in found)) {
      const { answer, joined } = found
      const { id, expiresAtMs = Number.POSITIVE_INFINITY } = answer.active ? answer.token : {}
      if (id !== undefined && expiresAtMs <= nowMs()) return decided('server', expiredAnswer(answer as Active))
      if (id !== undefined && joined) usage.add(id)
      return decided('server', answer)
    }
    if (found.fault !== 'away') return decided('server', unavailable)
    askedInVainAtMs = monotonicMs()
    const known = throughOutage(question)
    return known ? decided('outage', known) : decided('server', unavailable)
  }

  return (credential, organization) => {
    const form = formOf(credential)
    if (form === 'malformed') {
      tell?.({ type: 'decided', from: 'form', active: false, reason: 'malformed' })
      return malformed
    }
    const hash = hashOf(credential)
    const question = { credential, source: form, organization, hash, key: nameOf(hash, organization) }
    const known = fromMemory(question)
    if (known) return decided('memory', known)
    if (monotonicMs() - askedInVainAtMs < awayMs) {
      const served = throughOutage(question)
      if (served) return decided('outage', served)
    }
    return lookup.find(question).then((found) => settle(question, found))
  }
}
