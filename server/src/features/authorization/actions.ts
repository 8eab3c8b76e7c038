import type { Authority } from '../../db/authority.ts'
import type { ActorCheck } from '../../db/change.ts'
import type { KeyCache } from '../../db/deps.ts'
import { ok, type Result } from '../../kernel/result.ts'
import { decideExternalAgain, decideManagedAgain, toExternalQuestion } from '../access/actions.ts'
import type { Decision } from '../access/rules.ts'
import type { Caller, Denial } from '../accounts/rules.ts'
import { keptOf, serveForMs } from '../signing-keys/actions.ts'
import type { KeySet } from '../signing-keys/rules.ts'
import {
  isSessionLive,
  judgeCaller,
  judgeInvitation,
  judgeSetup,
  rejectEndedSession,
  type Standing,
  toPrincipal,
  toRejection,
  toSessionCaller,
  toTokenCaller,
} from './rules.ts'
import { type FoundProviderWithKeys, type FoundRights, toFoundRights } from './store.ts'

export interface ActorCheckParts {
  /** By which tokens, invitations and links expire. */
  now: () => Date
  /** By which sessions expire: the machine's clock, which is Better Auth's. */
  sessionNow: () => Date
  keys: Pick<KeyCache, 'of' | 'status'>
}

type Question = Record<string, unknown>

const groupQuestion = ({ requires }: Caller): Question =>
  typeof requires === 'object' ? { group: requires.groupManager } : {}

function toQuestion(authority: Authority): Question {
  if (authority.kind === 'invitation')
    return { invitation: authority.hash, ...(authority.session && { session: authority.session.sessionId }) }
  if (authority.kind === 'setup') return { setup: authority.hash }
  if (authority.kind !== 'account') return {}
  const { caller } = authority
  const { credential } = caller
  const common = { account: caller.accountId, ...groupQuestion(caller) }
  if (credential.kind === 'session') return { ...common, session: credential.sessionId }
  if (credential.kind === 'managed') return { ...common, token: credential.hash }
  const { claims } = credential.verified
  return { ...common, external: toExternalQuestion(String(claims.iss), claims, caller.organizationId) }
}

/** The caller behind the session, if both it and the account are still there. */
function standingOfSession(
  { accountId, organizationId }: Caller,
  { userId, sessionId }: { userId: string; sessionId: string },
  { session, account, groupRole }: FoundRights,
  now: Date,
): Standing {
  if (!session || !isSessionLive(session, userId, now))
    return { credential: rejectEndedSession(), caller: undefined, groupRole }
  const isOwn = account?.userId === userId
  const caller = isOwn
    ? toSessionCaller({ userId, sessionId, name: session.name }, { accountId, organizationId, role: account.role })
    : undefined
  return { credential: ok(undefined), caller, groupRole }
}

function standingOfToken(decision: Decision, hash: string, { groupRole }: FoundRights): Standing {
  if (!decision.active) return { credential: toRejection(decision.reason), caller: undefined, groupRole }
  return { credential: ok(undefined), caller: toTokenCaller(toPrincipal(decision, hash)), groupRole }
}

/**
 * A4: the set that may verify under an organization's lock, where nothing may be waited for: the stored one, as it was
 * read with the lock, unless memory has one that was fetched later and is not stored yet.
 */
function selectKeySet(
  keys: Pick<KeyCache, 'of' | 'status'>,
  row: FoundProviderWithKeys,
  nowMs: number,
): KeySet | undefined {
  const stored = keptOf({ key_set: row.key_set, fetched_at: row.keys_fetched_at })
  const { fetchedAtMs = Number.NEGATIVE_INFINITY } = keys.status(row.provider_id)
  if (stored && stored.fetchedAtMs >= fetchedAtMs)
    return nowMs - stored.fetchedAtMs < serveForMs ? stored.set : undefined
  const set = keys.of({ id: row.provider_id, organizationId: row.organization_id, jwksUrl: row.jwks_url })
  return set instanceof Promise ? undefined : set
}

function standingOf({ now, sessionNow, keys }: ActorCheckParts, caller: Caller, found: FoundRights): Standing {
  const { credential } = caller
  if (credential.kind === 'session') return standingOfSession(caller, credential, found, sessionNow())
  const nowMs = now().getTime()
  if (credential.kind === 'managed')
    return standingOfToken(decideManagedAgain(found.token, nowMs, caller.organizationId), credential.hash, found)
  const row = found.external.find((it) => it.provider_id === credential.providerId)
  const set = row && selectKeySet(keys, row, nowMs)
  return standingOfToken(decideExternalAgain(credential.verified, row, set, nowMs), '', found)
}

const judgeAccount = (parts: ActorCheckParts, caller: Caller, found: FoundRights): Result<Caller, Denial> =>
  judgeCaller(caller, standingOf(parts, caller, found))

function judge(parts: ActorCheckParts, authority: Authority, found: FoundRights) {
  if (authority.kind === 'account') return judgeAccount(parts, authority.caller, found)
  if (authority.kind === 'invitation') {
    const { session } = authority
    const isLive = session && isSessionLive(found.session, session.userId, parts.sessionNow())
    const signedIn = session && { email: isLive ? found.session?.email : undefined }
    return judgeInvitation(found.invitation, signedIn, parts.now())
  }
  if (authority.kind === 'setup') return judgeSetup(found.setup, parts.now())
  return ok(undefined)
}

/** A4: how `change` judges its actor again, once it holds the organization's lock. */
export const createActorCheck = (parts: ActorCheckParts): ActorCheck => ({
  toQuestion,
  check: (authority, answer) => judge(parts, authority, toFoundRights(answer)),
})
