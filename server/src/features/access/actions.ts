import type { KeyCache } from '../../db/deps.ts'
import type { Lease } from '../../db/feed.ts'
import {
  type ExternalQuestion,
  type FoundExternal,
  type FoundToken,
  isStorable,
  type Lookups,
} from '../../db/lookups.ts'
import type { VerifiedJws } from '../accounts/rules.ts'
import { createIssuerLookup, type Judged, judgeAgain, judgeToken } from '../external-tokens/actions.ts'
import type { ExternalReason } from '../external-tokens/rules.ts'
import { type Jws, looksLikeJws, maxJwsLength } from '../jws/rules.ts'
import { audiencesOf, type OAuthProvider, subjectOf } from '../oauth-providers/rules.ts'
import { effectiveRole } from '../scopes/rules.ts'
import type { KeySet } from '../signing-keys/rules.ts'
import { hashOf } from '../tokens/actions.ts'
import { isWellFormed } from '../tokens/rules.ts'
import {
  type Decision,
  type Evidence,
  type KnownAccount,
  type KnownOrganization,
  refusalReason,
  tellsWhose,
} from './rules.ts'
import { type FoundProvider, type Memory, type RememberedExternal, toEvidence, toFoundProvider } from './store.ts'

/** The one place that decides whether a presented token is good; every door passes it. */
export interface Gate {
  /**
   * Decides about a token as it was presented (N2). Answers at once when memory may decide (N3), else after asking the
   * database. `namedOrganizationId` is the organization that the request names, if it names one (E4). With `noPlace` the
   * database is not asked: what memory cannot decide is unavailable, and `noPlace` is called.
   */
  decide: (
    token: string,
    namedOrganizationId?: string,
    noPlace?: (() => void) | undefined,
  ) => Decision | Promise<Decision>
  /** The feed's number up to which the answers of this process are true. */
  readonly head: number
  /** Of that number: it tells one history of the feed from another. */
  readonly mark: string
}

interface GateParts {
  memory: Memory
  lease: Pick<Lease, 'holds' | 'epoch' | 'applied' | 'mark'>
  lookups: Pick<Lookups, 'findToken' | 'findExternal' | 'findSubjectClaims'>
  keys: Pick<KeyCache, 'of' | 'newer' | 'status' | 'forget'>
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

export function buildGate(parts: GateParts): Gate {
  const { decided = () => undefined } = parts
  const managed = managedTokens(parts, decided)
  const external = externalTokens(parts, decided)
  return {
    get head() {
      return parts.lease.applied
    },
    get mark() {
      return parts.lease.mark
    },
    decide(token, named, noPlace) {
      if (isWellFormed(token)) return managed(token, named, noPlace)
      if (looksLikeJws(token) && token.length <= maxJwsLength) return external(token, named, noPlace)
      decided('form')
      return malformed
    },
  }
}

type Decide = (
  token: string,
  named: string | undefined,
  noPlace: (() => void) | undefined,
) => Decision | Promise<Decision>

function refuseWithoutPlace(noPlace: () => void): Decision {
  noPlace()
  return unavailable
}
type Told = NonNullable<GateParts['decided']>

function decideOn(evidence: Evidence, nowMs: number, named: string | undefined): Decision {
  const reason = refusalReason(evidence, nowMs, named)
  if (reason === undefined) return { active: true, evidence }
  return tellsWhose(reason) ? { active: false, reason, evidence } : { active: false, reason }
}

/** A4: a managed token that was read again under the organization's lock, by the same checks. */
export const decideManagedAgain = (row: FoundToken | undefined, nowMs: number, organizationId: string): Decision =>
  row ? decideOn(toEvidence(row), nowMs, organizationId) : unknown

function managedTokens({ memory, lease, lookups, now, used, failed }: GateParts, decided: Told): Decide {
  const judge = (evidence: Evidence, named: string | undefined): Decision => {
    const nowMs = now()
    const decision = decideOn(evidence, nowMs, named)
    if (decision.active) used(evidence.token.id, nowMs)
    return decision
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

  return (token, named, noPlace) => {
    const hash = hashOf(token)
    const evidence = lease.holds ? memory.evidence(hash) : undefined
    if (evidence === undefined && !(lease.holds && memory.isUnknown(hash)))
      return noPlace ? refuseWithoutPlace(noPlace) : ask(hash, named)
    decided('memory')
    return evidence === undefined ? unknown : judge(evidence, named)
  }
}

/** Whom a token turned out to belong to, as it was just read or is remembered. */
interface Owner {
  account: KnownAccount
  organization: KnownOrganization
}

const refused = (
  reason: ExternalReason,
  owner?: { provider: OAuthProvider; subject: string; account: KnownAccount | undefined },
): Decision => ({ active: false, reason, ...(owner && tellsWhose(reason) && { owner }) })

/** E5, the last of N2's reasons: a token that is good otherwise, and the role that it acts with. */
function admitted(
  {
    jws,
    registered: { provider },
    subject,
    thumbprint,
  }: Pick<RememberedExternal, 'jws' | 'registered' | 'subject' | 'thumbprint'>,
  { account, organization }: Owner,
): Decision {
  const role = effectiveRole(provider, jws.claims, organization.roleIds, account.role)
  if (!role.ok) return refused(role.code)
  const { header, claims } = jws
  const verified = { header, claims, thumbprint }
  const evidence = { source: 'external', provider, subject, claims, verified, account, role: role.value } as const
  return { active: true, evidence }
}

/** A4: a verified token, judged by its provider, mapping and keys as they were read again under the organization's lock. */
export function decideExternalAgain(
  { thumbprint, ...jws }: VerifiedJws,
  row: FoundExternal | undefined,
  set: KeySet | undefined,
  nowMs: number,
): Decision {
  if (!row) return refused('untrusted_issuer')
  const { provider, account, organization } = toFoundProvider(String(jws.claims.iss), row)
  const registered = { provider, accountId: account?.id }
  const subject = subjectOf(provider, jws.claims) ?? ''
  const fault = judgeAgain({ jws, thumbprint }, registered, set, nowMs)
  if (fault) return refused(fault.reason, { provider, subject, account })
  return account
    ? admitted({ jws, registered, subject, thumbprint }, { account, organization })
    : refused('unmapped_subject')
}

/** What can be a subject: the claims that are strings and that a database can hold. */
export function toExternalQuestion(
  issuer: string,
  all: Jws['claims'],
  named: string | undefined,
  subjectClaims?: readonly string[],
): ExternalQuestion | undefined {
  if (!isStorable(issuer) || !isStorable(named ?? '')) return undefined
  const mayBeSubject = (claim: [string, unknown]): claim is [string, string] =>
    claim.every(isStorable) && (subjectClaims?.includes(claim[0]) ?? true)
  const claims = Object.fromEntries(Object.entries(all).filter(mayBeSubject))
  const audiences = (audiencesOf(all.aud) ?? []).filter(isStorable)
  return { issuer, audiences, claims, namedOrganizationId: named }
}

function externalTokens({ memory, lease, lookups, keys, now, failed }: GateParts, decided: Told): Decide {
  const find = async (question: ExternalQuestion): Promise<FoundProvider[]> => {
    const found = (await lookups.findExternal(question)).map((it) => toFoundProvider(question.issuer, it))
    for (const { provider, keysFetchedAtMs = 0 } of found) {
      // Another process has a newer set than this one, whose feed may be behind: it is read before it decides.
      if (keysFetchedAtMs > (keys.status(provider.id).fetchedAtMs ?? 0)) keys.forget(provider.id)
    }
    return found
  }

  const findSubjectClaims = createIssuerLookup(memory, lease, lookups)

  const decideAnew = async (token: string, name: string, named: string | undefined): Promise<Decision> => {
    const { epoch } = lease
    let found: FoundProvider[] = []
    const judged = await judgeToken(
      {
        keys,
        now,
        find: async (issuer, jws) => {
          const claims = await findSubjectClaims(issuer)
          const question = claims.length > 0 ? toExternalQuestion(issuer, jws.claims, named, claims) : undefined
          found = question ? await find(question) : []
          return found.map(({ provider, account }) => ({ provider, accountId: account?.id }))
        },
      },
      token,
      named,
    )
    const of = found.find((it) => it.provider === (judged.ok ? judged.value.provider : judged.provider))
    if (!judged.ok) {
      const { provider, subject, reason } = judged
      return refused(
        reason,
        provider && subject !== undefined ? { provider, subject, account: of?.account } : undefined,
      )
    }
    return admitAnew(name, judged, of, lease.epoch === epoch)
  }

  const admitAnew = (
    name: string,
    { value: { jws, provider, subject, accountId, thumbprint } }: Judged & { ok: true },
    of: FoundProvider | undefined,
    keep: boolean,
  ): Decision => {
    if (!of?.account) throw new Error('A token was accepted for an account that was not found.')
    const { header, claims, compact } = jws
    const registered = { provider, accountId }
    const it = { jws: { header, claims }, issuer: provider.issuer, subject, thumbprint, registered }
    // N3: as for managed tokens, what was read while a change passed is not kept.
    if (keep) {
      memory.keepExternal(name, { ...it, characters: compact.length })
      memory.keepOwner(of.account, of.organization)
    }
    return admitted(it, { account: of.account, organization: of.organization })
  }

  const ask = async (token: string, name: string, named: string | undefined): Promise<Decision> => {
    decided('database')
    try {
      return await decideAnew(token, name, named)
    } catch (error) {
      failed(error)
      return unavailable
    }
  }

  /** From memory alone, in this tick; undefined when something of it is not there. */
  const remembered = (name: string): Decision | undefined => {
    const known = memory.external(name)
    if (!known) return undefined
    const { provider, accountId = '' } = known.registered
    const [account, organization] = [memory.account(accountId), memory.organization(provider.organizationId)]
    const set = keys.of(provider)
    if (!account || !organization || set instanceof Promise) return undefined
    const fault = judgeAgain(known, known.registered, set, now())
    if (!fault) return admitted(known, { account, organization })
    // The key went: perhaps it is back, or another of the set verifies. That takes the token itself.
    if (fault.reason === 'invalid_signature') return undefined
    return refused(fault.reason, { provider, subject: known.subject, account })
  }

  return (token, named, noPlace) => {
    const hash = hashOf(token)
    const name = named === undefined ? hash : `${hash} ${named}`
    const decision = lease.holds ? remembered(name) : undefined
    if (!decision) return noPlace ? refuseWithoutPlace(noPlace) : ask(token, name, named)
    decided('memory')
    return decision
  }
}
