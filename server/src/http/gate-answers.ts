import type { Decision, Evidence, ExternalEvidence, ExternalOwner, KnownAccount } from '../features/access/rules.ts'

/** The parts of answers that depend on the account alone. They are made once per remembered account and leave with it. */
interface Fragments {
  /** Members of a JSON object: whose it is. */
  whose: string
  /** Members of a JSON object: what a managed token of it may do. */
  rights: string
  /** A JSON array. */
  groups: string
  /** For X-Portcullis-Groups. */
  groupIds: string
}

const fragments = new WeakMap<KnownAccount, Fragments>()

function make(account: KnownAccount): Fragments {
  const whose = JSON.stringify({
    organization_id: account.organizationId,
    account_id: account.id,
    account_kind: account.kind,
    username: account.username,
  })
  const groups = account.groups.map(({ id, name }) => ({ id, name }))
  const rights = JSON.stringify({
    sub: account.id,
    role: account.role,
    groups,
    token_type: 'Bearer',
    token_source: 'managed',
  })
  return {
    whose: whose.slice(1, -1),
    rights: rights.slice(1, -1),
    groups: JSON.stringify(groups),
    groupIds: account.groupIds.join(','),
  }
}

export function fragmentsOf(account: KnownAccount): Fragments {
  const known = fragments.get(account)
  if (known) return known
  const made = make(account)
  fragments.set(account, made)
  return made
}

const seconds = (ms: number) => Math.floor(ms / 1000)

/** RFC 7662 §2.2 for a good token. */
export const activeAnswer = (it: Evidence | ExternalEvidence): string =>
  it.source === 'managed' ? activeManaged(it) : activeExternal(it)

const expiryOf = ({ expiresAtMs }: Evidence['token']): string =>
  expiresAtMs === Number.POSITIVE_INFINITY ? '' : `,"exp":${seconds(expiresAtMs)}`

/** Ids are base32 and need no escaping; all else was escaped into the fragments. */
function activeManaged({ account, token }: Evidence): string {
  const { whose, rights } = fragmentsOf(account)
  return `{"active":true,${whose},${rights},"token_id":"${token.id}","iat":${seconds(token.issuedAtMs)}${expiryOf(token)}}`
}

const wholeSeconds = (claim: unknown) => (typeof claim === 'number' ? Math.floor(claim) : undefined)

/** RFC 7662 §2.2: a scope is one string; some providers send a list. */
function scopeOf({ provider, claims }: ExternalEvidence): string | undefined {
  const claim = Object.hasOwn(claims, provider.scopeClaim) ? claims[provider.scopeClaim] : undefined
  return Array.isArray(claim) ? claim.join(' ') : typeof claim === 'string' ? claim : undefined
}

/** `sub` is the token's own, as its provider knows the account. */
function activeExternal(it: ExternalEvidence): string {
  const { whose, groups } = fragmentsOf(it.account)
  const told = JSON.stringify({
    sub: it.subject,
    iss: it.provider.issuer,
    exp: wholeSeconds(it.claims.exp),
    iat: wholeSeconds(it.claims.iat),
    scope: scopeOf(it),
    role: it.role,
    provider_id: it.provider.id,
    token_type: 'Bearer',
    token_source: 'external',
  })
  return `{"active":true,${whose},"groups":${groups},${told.slice(1)}`
}

/** N4: of a token whose subject nobody is mapped to, its organization is told all the same. */
function ownerMembers({ provider, subject, account }: ExternalOwner): string {
  const whose = account ? fragmentsOf(account).whose : `"organization_id":"${provider.organizationId}"`
  return `${whose},${JSON.stringify({ sub: subject, iss: provider.issuer, provider_id: provider.id }).slice(1, -1)}`
}

/** N2, N4: the reason, and whose it was; the gate says whose only where the resource server may know. */
export function inactiveAnswer(it: Decision & { active: false }): string {
  const reason = `{"active":false,"reason":"${it.reason}"`
  if ('evidence' in it && it.evidence)
    return `${reason},${fragmentsOf(it.evidence.account).whose},"token_id":"${it.evidence.token.id}"${expiryOf(it.evidence.token)}}`
  return 'owner' in it && it.owner ? `${reason},${ownerMembers(it.owner)}}` : `${reason}}`
}
