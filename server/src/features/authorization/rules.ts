import { ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { type Decision, type Principal, type Reason, refusalText } from '../access/rules.ts'
import { type Caller, type Credential, type Denial, isInvitationOpen } from '../accounts/rules.ts'
import { type GroupRole, mayManageGroup } from '../groups/rules.ts'
import type { Role } from '../organizations/rules.ts'

/* From a credential to a caller: used when a request arrives and again under the lock. */

export const rejectEndedSession = () => refuse('unauthenticated', { detail: 'The session has ended. Sign in again.' })

/** A token that is refused, as the management API says it. */
export function toRejection(reason: Reason): Refused<'unauthenticated' | 'insufficient_scope' | 'unavailable'> {
  if (reason === 'unavailable') return refuse('unavailable')
  const detail = refusalText(reason)
  return reason === 'insufficient_scope' ? refuse(reason, { detail }) : refuse('unauthenticated', { detail })
}

type TokenPrincipal = Exclude<Principal, { kind: 'session' }>

/** `hash` is that of the token's text. */
export function toPrincipal({ evidence }: Decision & { active: true }, hash: string): TokenPrincipal {
  const { account } = evidence
  if (evidence.source === 'external') {
    const { provider, role, claims, verified } = evidence
    // Without the clock tolerance: what the token creates must not last longer than its issuer meant it to. (T2)
    const expiresAt = new Date(Math.round(Number(claims.exp) * 1000))
    const narrowed = role !== account.role
    return { kind: 'external', providerId: provider.id, narrowed, expiresAt, verified, account: { ...account, role } }
  }
  const { id, expiresAtMs } = evidence.token
  const expiresAt = Number.isFinite(expiresAtMs) ? new Date(expiresAtMs) : null
  return { kind: 'managed', tokenId: id, hash, expiresAt, account }
}

/** What a caller's requests may make and break depends on what they were made with (T2, P12). */
function toCredential(principal: TokenPrincipal): Credential {
  if (principal.kind === 'managed') {
    const { kind, tokenId, hash, expiresAt } = principal
    return { kind, tokenId, hash, expiresAt }
  }
  const { kind, providerId, narrowed, expiresAt, verified } = principal
  return { kind, providerId, narrowed, expiresAt, verified }
}

/** The caller behind a token, in its own organization. */
export const toTokenCaller = (principal: TokenPrincipal): Omit<Caller, 'requires'> => {
  const { id: accountId, organizationId, kind, name, role } = principal.account
  return { accountId, organizationId, kind, name, role, credential: toCredential(principal) }
}

/** The caller behind a session, in one of the person's organizations. */
export const toSessionCaller = (
  { userId, sessionId, name }: { userId: string; sessionId: string; name: string },
  { accountId, organizationId, role }: { accountId: string; organizationId: string; role: Role },
): Omit<Caller, 'requires'> => ({
  accountId,
  organizationId,
  kind: 'member',
  name,
  role,
  credential: { kind: 'session', userId, sessionId },
})

/** Does the caller's role meet what the route demands (O6, O9)? */
export function authorize(
  { role, requires }: Pick<Caller, 'role' | 'requires'>,
  groupRole: GroupRole | undefined,
): Result<void, 'forbidden'> {
  if (requires === 'account') return ok(undefined)
  if (requires === 'admin')
    return role === 'admin'
      ? ok(undefined)
      : refuse('forbidden', { detail: 'Only admins of the organization may do this.' })
  return mayManageGroup(role, groupRole).ok
    ? ok(undefined)
    : refuse('forbidden', { detail: 'Only admins and managers of the group may do this.' })
}

/* Judged again (A4). */

/** What was read under the lock about a caller. */
export interface Standing {
  /** Whether the credential is still good, with the refusal where it is not. */
  credential: Result<void, Denial>
  /** The caller as the credential names it now; undefined where its account is gone. */
  caller: Omit<Caller, 'requires'> | undefined
  groupRole: GroupRole | undefined
}

type Check = (admitted: Caller, now: Standing) => Refused<Denial> | undefined

const rejectionOf = <Code extends string>(result: Result<void, Code>) => (result.ok ? undefined : result)

/** In the order in which a request is judged when it arrives: 401, then 404, then 403. The first that objects decides. */
const checks: readonly Check[] = [
  (_admitted, { credential }) => rejectionOf(credential),
  ({ accountId, organizationId }, { caller }) =>
    caller?.accountId === accountId && caller.organizationId === organizationId ? undefined : refuse('not_found'),
  ({ requires }, { caller, groupRole }) => caller && rejectionOf(authorize({ ...caller, requires }, groupRole)),
]

/** A4: the caller as it is now, or why its request is refused. */
export function judgeCaller(admitted: Caller, now: Standing): Result<Caller, Denial> {
  for (const check of checks) {
    const rejection = check(admitted, now)
    if (rejection) return rejection
  }
  return now.caller ? ok({ ...now.caller, requires: admitted.requires }) : refuse('not_found')
}

/** Sessions end by the machine's clock, as Better Auth reckons. */
export const isSessionLive = (
  session: { userId: string; expiresAt: Date } | undefined,
  userId: string,
  now: Date,
): boolean => session !== undefined && session.userId === userId && session.expiresAt > now

/** O3: for an acceptance that brings neither the invited person's session nor a new person. */
export const rejectMissingSignIn = () =>
  refuse('sign_in_required', {
    detail: 'Sign in as the invited person, or send a name and a password to create an account.',
  })

/**
 * O3: the invitation is still open; who accepts it by a session is still signed in as the invited person. Without an email
 * the session has ended.
 */
export function judgeInvitation(
  invitation: { email: string; expiresAt: Date } | undefined,
  session: { email: string | undefined } | undefined,
  now: Date,
): Result<undefined, 'not_found' | 'sign_in_required'> {
  if (!invitation || !isInvitationOpen(invitation.expiresAt, now)) return refuse('not_found')
  if (session === undefined) return ok(undefined)
  return session.email === invitation.email ? ok(undefined) : rejectMissingSignIn()
}

/** The set-up link is still there. That it is used once, and that no organization exists, is decided by the change. */
export const judgeSetup = (setup: { expiresAt: Date } | undefined, now: Date): Result<undefined, 'not_found'> =>
  setup && setup.expiresAt > now ? ok(undefined) : refuse('not_found')
