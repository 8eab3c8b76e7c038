import type { Lease } from '../../db/feed.ts'
import type { Lookups } from '../../db/lookups.ts'
import { hashOf } from '../tokens/actions.ts'
import { isWellFormed } from '../tokens/rules.ts'
import { type Decision, type Evidence, refusalReason, tellsWhose } from './rules.ts'
import { type Memory, toEvidence } from './store.ts'

/** The one place that decides whether a presented token is good; every door passes it. */
export interface Gate {
  /**
   * Decides about a token as it was presented (N2). Answers at once when memory may decide (N3), else after asking the
   * database. `namedOrganizationId` is the organization that the request names, if it names one (E4).
   */
  decide: (token: string, namedOrganizationId?: string) => Decision | Promise<Decision>
  /** The feed's number up to which the answers of this process are true. */
  readonly head: number
}

interface GateParts {
  memory: Memory
  lease: Pick<Lease, 'holds' | 'epoch' | 'applied'>
  lookups: Pick<Lookups, 'findToken'>
  /** Unix milliseconds. */
  now: () => number
  /** T8: told of every accepted use; must cost next to nothing. */
  used: (tokenId: string, atMs: number) => void
  /** Told how each decision was reached, for metrics. */
  decided?: (from: 'form' | 'memory' | 'database') => void
  /** A database that does not answer is a reason for the log, once per decision. */
  failed: (error: unknown) => void
}

const malformed: Decision = { active: false, reason: 'malformed' }
const unknown: Decision = { active: false, reason: 'unknown' }
const unavailable: Decision = { active: false, reason: 'unavailable' }

export function buildGate({ memory, lease, lookups, now, used, decided = () => undefined, failed }: GateParts): Gate {
  const judge = (evidence: Evidence, named: string | undefined): Decision => {
    const nowMs = now()
    const reason = refusalReason(evidence, nowMs, named)
    if (reason === undefined) {
      used(evidence.token.id, nowMs)
      return { active: true, evidence }
    }
    return tellsWhose(reason) ? { active: false, reason, evidence } : { active: false, reason }
  }

  const ask = async (hash: string, named: string | undefined): Promise<Decision> => {
    decided('database')
    const epoch = lease.epoch
    try {
      const row = await lookups.findToken(hash)
      // N3: what was read while a change passed may be older than the change, so it answers this one request and is not kept.
      const keep = lease.epoch === epoch
      if (!row) {
        if (keep) memory.keepUnknown(hash)
        return unknown
      }
      const evidence = toEvidence(row)
      if (keep) memory.keep(hash, evidence)
      return judge(evidence, named)
    } catch (error) {
      failed(error)
      return unavailable
    }
  }

  return {
    get head() {
      return lease.applied
    },
    decide(token, named) {
      if (!isWellFormed(token)) {
        decided('form')
        return malformed
      }
      const hash = hashOf(token)
      if (!lease.holds) return ask(hash, named)
      const evidence = memory.evidence(hash)
      if (evidence === undefined && !memory.isUnknown(hash)) return ask(hash, named)
      decided('memory')
      return evidence === undefined ? unknown : judge(evidence, named)
    },
  }
}
