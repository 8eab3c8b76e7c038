import { hash } from 'node:crypto'
import type { By, Forget, Outcome, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { invalid, ok, type Result, refuse } from '../../kernel/result.ts'
import { type AccountName, byOf, type Caller, type Denial } from '../accounts/rules.ts'
import { hasEnabledProvider } from '../oauth-providers/actions.ts'
import { readPolicy, readTokenCreation, selectedGroupNames } from '../settings/actions.ts'
import { type CreationRefusal, mayCreateToken, suspensionOf, type TokenCreation } from '../settings/rules.ts'
import {
  hintOf,
  makerOf,
  mayAddToken,
  mayExpireAt,
  mayMakeTokenFor,
  mayOutlive,
  maySeeToken,
  newSecret,
  type TokenState,
  tokenState,
} from './rules.ts'
import {
  countTokens,
  describeToken,
  findOwner,
  findToken,
  insertToken,
  listTokens as listTokenRecords,
  replaceSecret,
  retireSecrets,
  revokeToken,
  type TokenRecord,
} from './store.ts'

/** What is remembered of a secret, and all that is: its SHA-256. The secret has over 250 bits of chance, so no salt is needed. */
export const hashOf = (secret: string): string => hash('sha256', secret, 'base64url')

export interface TokenView extends TokenRecord {
  accountId: string
  state: TokenState
}

/** T6: the state is derived here, from the present setting and the present time. */
function view(token: TokenRecord, setting: TokenCreation, now: Date): TokenView {
  const suspended = suspensionOf(setting)[token.ownerSelected ? 'selected' : 'others']
  return { ...token, accountId: token.account.id, state: tokenState(token, suspended, now) }
}

/** The token as it is in this transaction, which has just found or written it. */
async function present(db: Reader, deps: Deps, caller: Caller, id: string): Promise<TokenView> {
  const token = await findToken(db, id)
  if (!token) throw new Error('A token that was just found is not there.')
  return view(token, await readTokenCreation(db, caller.organizationId), deps.now())
}

export interface TokenQuery {
  accountId?: string | undefined
  state?: TokenState | undefined
  search?: string | undefined
  before?: string | undefined
  limit: number
}

/** T6, O1: tokens newest first, one more than `limit`; a member's own, an admin's choice of all or of one account. */
export async function listTokens(
  deps: Deps,
  caller: Caller,
  query: TokenQuery,
): Promise<Result<TokenView[], 'forbidden' | 'invalid_request'>> {
  const wanted = query.accountId === 'me' ? caller.accountId : query.accountId
  if (caller.role !== 'admin' && wanted !== undefined && wanted !== caller.accountId) return refuse('forbidden')
  const accountId = wanted ?? (caller.role === 'admin' ? undefined : caller.accountId)
  return deps.read(caller.organizationId, async (db) => {
    if (accountId !== undefined && !(await findOwner(db, accountId))) return noSuchAccount()
    const at = deps.now()
    const setting = await readTokenCreation(db, caller.organizationId)
    const rows = await listTokenRecords(db, { ...query, accountId, at, suspended: suspensionOf(setting) })
    return ok(rows.map((row) => view(row, setting, at)))
  })
}

const noSuchAccount = () =>
  invalid('accountId', 'There is no such account in this organization, or it has not joined yet.')

/** T5, O1: one token, for its owner and for admins. */
export async function getToken(deps: Deps, caller: Caller, id: string): Promise<Result<TokenView, 'not_found'>> {
  return deps.read(caller.organizationId, async (db) => {
    const token = await findToken(db, id)
    if (!token || !maySeeToken(caller, token.account.id)) return refuse('not_found')
    return ok(view(token, await readTokenCreation(db, caller.organizationId), deps.now()))
  })
}

/** What would be answered if the caller created a token for this account now (T2, P2, P4), with the sentence to show. */
export async function getAbility(deps: Deps, caller: Caller, accountId: string | undefined) {
  const ownerId = accountId ?? caller.accountId
  if (ownerId !== caller.accountId && caller.role !== 'admin') return refuse('forbidden')
  return deps.read(caller.organizationId, async (db) => {
    const owner = await findOwner(db, ownerId)
    if (!owner) return noSuchAccount()
    const mine = mayMakeTokenFor(makerOf(caller), { accountId: owner.id, kind: owner.kind })
    const it = mine.ok ? await mayCreate(db, caller.organizationId, ownerId) : mine
    const externalTokens = await hasEnabledProvider(db, caller.organizationId)
    return ok({ allowed: it.ok, externalTokens, ...(!it.ok && { code: it.code, message: it.detail ?? '' }) })
  })
}

export interface Issued {
  token: TokenView
  secret: string
}

type MakingRefusal = 'forbidden' | 'invalid_request' | CreationRefusal

/** P2, P4: the refusal with a sentence that says who can change it. */
async function mayCreate(db: Reader, organizationId: string, ownerId: string): Promise<Result<void, CreationRefusal>> {
  const { setting, owner } = await readPolicy(db, organizationId, ownerId)
  const allowed = mayCreateToken(setting, owner)
  return allowed.ok ? allowed : refuse(allowed.code, { detail: await whyNot(db, setting, allowed.code) })
}

async function whyNot(db: Reader, setting: TokenCreation, code: CreationRefusal): Promise<string> {
  if (code === 'token_creation_disabled')
    return "The organization's admins turned off API tokens. An admin can turn them on again."
  const names = await selectedGroupNames(db, setting)
  if (names.length === 0)
    return 'API tokens are limited to selected groups, and no group is selected. An admin can change it.'
  return `API tokens can be created by members of: ${names.join(', ')}. An admin can add an account to a group.`
}

/** T2, P2, P4, T3: all that creating and refreshing ask alike, in this order: may they at all, then may it be so. */
async function mayMake(
  tx: Reader,
  deps: Deps,
  caller: Caller,
  owner: AccountName,
  expiresAt: Date | null,
): Promise<Result<void, MakingRefusal>> {
  const maker = makerOf(caller)
  const allowed = mayMakeTokenFor(maker, { accountId: owner.id, kind: owner.kind })
  if (!allowed.ok) return allowed
  const open = await mayCreate(tx, caller.organizationId, owner.id)
  if (!open.ok) return open
  const timely = mayExpireAt(expiresAt, deps.now())
  return timely.ok ? mayOutlive(maker, expiresAt) : timely
}

/** What the audit log keeps of a token that came or went. */
const told = ({ name, account, expiresAt, hint }: Pick<TokenRecord, 'name' | 'account' | 'expiresAt' | 'hint'>) => ({
  name,
  accountId: account.id,
  account: account.name,
  expiresAt,
  hint,
})

export interface WantedToken {
  name: string
  description: string
  expiresAt: Date | null
  accountId: string | undefined
}

/** T1–T3, P2, P4: a new token; the secret leaves here once and is nowhere else. */
export async function createToken(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: WantedToken,
): Promise<Result<Issued, MakingRefusal | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const ownerId = wanted.accountId ?? caller.accountId
    if (ownerId !== caller.accountId && caller.role !== 'admin') return refuse('forbidden')
    const owner = await findOwner(tx, ownerId)
    if (!owner) return noSuchAccount()
    const allowed = await mayMake(tx, deps, caller, owner, wanted.expiresAt)
    if (!allowed.ok) return allowed
    const room = mayAddToken(await countTokens(tx, owner.id, deps.tokensPerAccount), deps.tokensPerAccount)
    if (!room.ok) return room
    const id = deps.newId('tok')
    const secret = newSecret(owner.kind, deps.randomBytes)
    const hint = hintOf(secret)
    await insertToken(tx, {
      ...wanted,
      id,
      organizationId: caller.organizationId,
      accountId: owner.id,
      hint,
      hash: hashOf(secret),
      at: by.at,
      createdBy: caller.accountId,
    })
    const after = told({ ...wanted, account: owner, hint })
    const event = { action: 'token.created' as const, target: { kind: 'token' as const, id, name: wanted.name }, after }
    return { ok: true, value: await issued(tx, deps, caller, id, secret), events: [event], forget: [] }
  })
}

const issued = async (tx: Writer, deps: Deps, caller: Caller, id: string, secret: string): Promise<Issued> => ({
  token: await present(tx, deps, caller, id),
  secret,
})

/** T5, O1: finds the token that a path names, for its owner and for admins; for everybody else it does not exist. */
function changeToken<T, Code extends string>(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
  work: (tx: Writer, changing: { by: By; caller: Caller }, token: TokenRecord) => Promise<Outcome<T, Code>>,
): Promise<Result<T, Code | 'not_found' | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller): Promise<Outcome<T, Code | 'not_found'>> => {
    const token = await findToken(tx, id)
    return token && maySeeToken(caller, token.account.id) ? work(tx, { by, caller }, token) : refuse('not_found')
  })
}

/** T4: a new secret under the same id; the old one stops at once. Whoever may not create may not refresh. */
export function refreshToken(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
  expiresAt: Date | null,
): Promise<Result<Issued, MakingRefusal | 'not_found' | Denial>> {
  return changeToken(deps, caller, facts, id, async (tx, { by, caller }, token) => {
    const allowed = await mayMake(tx, deps, caller, token.account, expiresAt)
    if (!allowed.ok) return allowed
    const secret = newSecret(token.account.kind, deps.randomBytes)
    const hint = hintOf(secret)
    const place = { id, organizationId: caller.organizationId, at: by.at }
    const retired = await replaceSecret(tx, { ...place, hash: hashOf(secret), hint, expiresAt })
    const value = await issued(tx, deps, caller, id, secret)
    const event = refreshedEvent(token, { expiresAt, hint })
    return { ok: true, value, events: [event], forget: forgetHashes(retired) }
  })
}

/** T4, half of it: the secret stops if it was given out before a moment, and there is none until the next refresh. */
export function retireSecret(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
  issuedBefore: Date,
): Promise<Result<void, 'not_found' | Denial>> {
  return changeToken(deps, caller, facts, id, async (tx, { by }, token) => {
    const retired = await retireSecrets(tx, id, by.at, issuedBefore)
    if (retired.length === 0) return refuse('not_found')
    const event = refreshedEvent(token, { expiresAt: token.expiresAt, hint: null })
    return { ok: true, value: undefined, events: [event], forget: forgetHashes(retired) }
  })
}

const targetOf = ({ id, name }: TokenRecord) => ({ kind: 'token' as const, id, name })
const refreshedEvent = (token: TokenRecord, after: { expiresAt: Date | null; hint: string | null }) => ({
  action: 'token.refreshed' as const,
  target: targetOf(token),
  before: { expiresAt: token.expiresAt, hint: token.hint },
  after,
})
const forgetHashes = (hashes: readonly string[]): Forget[] => hashes.map((id) => ({ kind: 'token', id }))

/** T5: name and description, at any time. */
export function updateToken(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
  wanted: { name?: string | undefined; description?: string | undefined },
): Promise<Result<TokenView, 'not_found' | Denial>> {
  return changeToken(deps, caller, facts, id, async (tx, { caller }, token) => {
    const before = { name: token.name, description: token.description }
    const after = { name: wanted.name ?? token.name, description: wanted.description ?? token.description }
    if (before.name === after.name && before.description === after.description) {
      return { ok: true, value: await present(tx, deps, caller, id), unchanged: true }
    }
    await describeToken(tx, id, after)
    const target = { kind: 'token' as const, id, name: after.name }
    const event = { action: 'token.updated' as const, target, before, after }
    return { ok: true, value: await present(tx, deps, caller, id), events: [event], forget: [] }
  })
}

/** T5: revokes for good, also while tokens are suspended. */
export function deleteToken(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | Denial>> {
  return changeToken(deps, caller, facts, id, async (tx, { by }, token) => {
    const retired = await revokeToken(tx, id, by.at)
    const event = { action: 'token.revoked' as const, target: targetOf(token), before: told(token) }
    return { ok: true, value: undefined, events: [event], forget: forgetHashes(retired) }
  })
}
