import type { Evidence, KnownAccount, ManagedReason } from '../features/access/rules.ts'

/** The parts of answers that depend on the account alone. They are made once per remembered account and leave with it. */
interface Fragments {
  /** Members of a JSON object: whose it is. */
  whose: string
  /** Members of a JSON object: what it may do. */
  rights: string
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
  const rights = JSON.stringify({
    sub: account.id,
    role: account.role,
    groups: account.groups.map(({ id, name }) => ({ id, name })),
    token_type: 'Bearer',
    token_source: 'managed',
  })
  return { whose: whose.slice(1, -1), rights: rights.slice(1, -1), groupIds: account.groupIds.join(',') }
}

export function fragmentsOf(account: KnownAccount): Fragments {
  const known = fragments.get(account)
  if (known) return known
  const made = make(account)
  fragments.set(account, made)
  return made
}

const seconds = (ms: number) => Math.floor(ms / 1000)

/** RFC 7662 §2.2 for a good token. Ids are base32 and need no escaping; all else was escaped into the fragments. */
export function activeAnswer({ account, token }: Evidence): string {
  const { whose, rights } = fragmentsOf(account)
  const exp = token.expiresAtMs === Number.POSITIVE_INFINITY ? '' : `,"exp":${seconds(token.expiresAtMs)}`
  return `{"active":true,${whose},${rights},"token_id":"${token.id}","iat":${seconds(token.issuedAtMs)}${exp}}`
}

/** N2, N4: the reason, and whose it was; the gate gives evidence only where the resource server may know. */
export function inactiveAnswer(reason: ManagedReason, evidence: Evidence | undefined): string {
  if (!evidence) return `{"active":false,"reason":"${reason}"}`
  return `{"active":false,"reason":"${reason}",${fragmentsOf(evidence.account).whose},"token_id":"${evidence.token.id}"}`
}
