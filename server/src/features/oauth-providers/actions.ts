import type { Forget, Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { CheckOutcome } from '../../kernel/checks.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { invalid, ok, type Result, refuse } from '../../kernel/result.ts'
import { discover } from '../../outbound/discovery.ts'
import { accountOfSubject, dropMappingsOfProvider } from '../account-mappings/actions.ts'
import { type AccountName, byOf, type Caller, type Denial } from '../accounts/rules.ts'
import { checkToken } from '../external-tokens/actions.ts'
import { readOrganization } from '../organizations/actions.ts'
import type { Role } from '../organizations/rules.ts'
import { effectiveRole } from '../scopes/rules.ts'
import { mayAddProvider, mayChangeSubjectClaim, mayShareAudience, type OAuthProvider } from './rules.ts'
import {
  deleteProvider,
  findProvider,
  insertProvider,
  isAnyEnabled,
  listProviders,
  listRivals,
  type ProviderFields,
  type ProviderRecord,
  writeProvider,
} from './store.ts'

/** A page of providers; reads one more than `limit`. */
export const listOAuthProviders = (
  deps: Deps,
  caller: Caller,
  page: { after: string | undefined; limit: number },
): Promise<ProviderRecord[]> => deps.read(caller.organizationId, (db) => listProviders(db, caller.organizationId, page))

export async function getOAuthProvider(
  deps: Deps,
  caller: Caller,
  id: string,
): Promise<Result<ProviderRecord, 'not_found'>> {
  const found = await deps.read(caller.organizationId, (db) => findProvider(db, caller.organizationId, id))
  return found ? ok(found) : refuse('not_found')
}

/** A provider as it is in this transaction. */
export const findOAuthProvider = (db: Reader, organizationId: string, id: string) =>
  findProvider(db, organizationId, id)

/** Is there an enabled provider, so that external tokens may open something at all? */
export const hasEnabledProvider = (db: Reader, organizationId: string): Promise<boolean> =>
  isAnyEnabled(db, organizationId)

/** E7: an address that will never be fetched is refused at once; in one sentence, whatever is wrong with it. */
const mayUseUrl = (deps: Deps, jwksUrl: string): Result<void, 'invalid_request'> =>
  deps.mayNameUrl(jwksUrl)
    ? ok(undefined)
    : invalid('jwksUrl', 'Enter a public https address; others must be on the operator’s list.')

/** The record and the keys, and who is registered at the issuer and mapped there (E6). */
const forgetProvider = ({ id, issuer }: { id: string; issuer: string }): Forget[] => [
  { kind: 'provider', id },
  { kind: 'issuer', id: issuer },
]

const targetOf = ({ id, name }: { id: string; name: string }) => ({ kind: 'oauth_provider' as const, id, name })

/** E7: nobody waits for a fetch; how it ended is stored with the provider. */
function beginFetch(deps: Deps, caller: Caller, { id, jwksUrl }: ProviderRecord): void {
  void deps.keys.refresh({ id, organizationId: caller.organizationId, jwksUrl }).catch(() => undefined)
}

async function present(db: Reader, caller: Caller, id: string): Promise<ProviderRecord> {
  const found = await findProvider(db, caller.organizationId, id)
  if (!found) throw new Error('A provider that was just written is not there.')
  return found
}

/** E1: registers a provider; its keys are fetched afterwards (E7). */
export async function createOAuthProvider(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: ProviderFields,
): Promise<Result<ProviderRecord, 'provider_conflict' | 'invalid_request' | Denial>> {
  const usable = mayUseUrl(deps, wanted.jwksUrl)
  if (!usable.ok) return usable
  const by = byOf(deps, caller, facts)
  const id = deps.newId('idp')
  const made = await deps.change(by, async (tx, caller) => {
    const rivals = await listRivals(tx, caller.organizationId)
    const room = mayAddProvider(rivals.length)
    if (!room.ok) return room
    const alone = mayShareAudience(wanted, rivals)
    if (!alone.ok) return alone
    await insertProvider(tx, { ...wanted, id, organizationId: caller.organizationId, at: by.at })
    const value = await present(tx, caller, id)
    const event = { action: 'oauth_provider.created' as const, target: targetOf(value), after: fieldsOf(value) }
    return { ok: true, value, events: [event], forget: forgetProvider(value) }
  })
  if (made.ok) beginFetch(deps, caller, made.value)
  return made
}

/** What an admin sets, without what is counted or fetched. */
const fieldsOf = ({ id: _id, createdAt: _at, mappingCount: _count, keys: _keys, ...fields }: ProviderRecord) => fields

type Change = { [K in keyof Omit<ProviderFields, 'issuer'>]?: ProviderFields[K] | undefined }

/** Audiences and algorithms are sets: another order is no change. */
const toComparable = (value: unknown) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value)

/** The fields with what is wanted in place of what is there, and of both what differs. */
function differenceOf(now: ProviderFields, wanted: Change) {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
  const next: ProviderFields = { ...now, ...Object.fromEntries(given) }
  const names = (Object.keys(now) as (keyof ProviderFields)[]).filter(
    (name) => toComparable(now[name]) !== toComparable(next[name]),
  )
  const only = (it: ProviderFields) => Object.fromEntries(names.map((name) => [name, it[name]]))
  return { next, names, before: only(now), after: only(next) }
}

/** E1, E6: changes, enables or disables a provider; in effect as P11 says. */
export async function updateOAuthProvider(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, ...wanted }: { id: string } & Change,
): Promise<Result<ProviderRecord, 'not_found' | 'provider_conflict' | 'provider_in_use' | 'invalid_request' | Denial>> {
  const usable = wanted.jwksUrl === undefined ? ok(undefined) : mayUseUrl(deps, wanted.jwksUrl)
  if (!usable.ok) return usable
  let moved = false
  const changed = await deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findProvider(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const { next, names, before, after } = differenceOf(fieldsOf(now), wanted)
    if (names.length === 0) return { ok: true, value: now, unchanged: true }
    const rivals = (await listRivals(tx, caller.organizationId)).filter((it) => it.id !== id)
    const alone = names.includes('audiences') ? mayShareAudience(next, rivals) : ok(undefined)
    if (!alone.ok) return alone
    const free = names.includes('subjectClaim') ? mayChangeSubjectClaim(now.mappingCount) : ok(undefined)
    if (!free.ok) return free
    await writeProvider(tx, id, next)
    moved = names.includes('jwksUrl')
    const value = await present(tx, caller, id)
    const event = { action: 'oauth_provider.updated' as const, target: targetOf(value), before, after }
    return { ok: true, value, events: [event], forget: forgetProvider(value) }
  })
  if (changed.ok && moved) beginFetch(deps, caller, changed.value)
  return changed
}

/** E6: deletes a provider with its mappings, which the event lists. */
export function deleteOAuthProvider(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findProvider(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const mappings = await dropMappingsOfProvider(tx, id)
    await deleteProvider(tx, id)
    const event = {
      action: 'oauth_provider.deleted' as const,
      target: targetOf(now),
      before: { ...fieldsOf(now), mappings },
    }
    return { ok: true, value: undefined, events: [event], forget: forgetProvider(now) }
  })
}

/** E7: an admin's fetch, at once; answers when what came of it is stored. */
export async function refreshProviderKeys(
  deps: Deps,
  caller: Caller,
  id: string,
): Promise<Result<ProviderRecord, 'not_found'>> {
  const found = await getOAuthProvider(deps, caller, id)
  if (!found.ok) return found
  await deps.keys.refresh({ id, organizationId: caller.organizationId, jwksUrl: found.value.jwksUrl })
  return getOAuthProvider(deps, caller, id)
}

/** E1, E7: finds the JWKS address in an issuer's metadata. */
export async function discoverIssuer(
  deps: Deps,
  issuer: string,
): Promise<Result<{ jwksUrl: string }, 'invalid_request'>> {
  const found = await discover(issuer, deps.fetchJson)
  if (!found.ok) return invalid('issuer', found.detail)
  return deps.mayNameUrl(found.jwksUrl)
    ? ok({ jwksUrl: found.jwksUrl })
    : invalid('issuer', 'The metadata there names a JWKS address that is not a public https address.')
}

const toVerifier = (organizationId: string, it: ProviderRecord): OAuthProvider => ({
  ...fieldsOf(it),
  id: it.id,
  organizationId,
  clockToleranceSeconds: it.clockTolerance,
  maxLifetimeSeconds: it.maxLifetime,
})

export interface CheckedToken {
  accepted: boolean
  checks: CheckOutcome[]
  account?: AccountName
  /** With which the token acts (E5). */
  role?: Role
}

/** E8: every check of an admin's token against one provider. It is neither stored nor logged, and opens nothing. */
export async function checkProviderToken(
  deps: Deps,
  caller: Caller,
  { id, token }: { id: string; token: string },
): Promise<Result<CheckedToken, 'not_found'>> {
  const { organizationId } = caller
  const found = await getOAuthProvider(deps, caller, id)
  if (!found.ok) return found
  const provider = toVerifier(organizationId, found.value)
  const seen: { account?: Awaited<ReturnType<typeof accountOfSubject>> } = {}
  const accountIdOf = async (subject: string) => {
    const of = { providerId: id, subject }
    seen.account = await deps.read(organizationId, (db) => accountOfSubject(db, organizationId, of))
    return seen.account?.id
  }
  const parts = { keys: deps.keys, now: () => deps.now().getTime() }
  const { checks, accepted, jws } = await checkToken(parts, token, { provider, accountIdOf })
  const { account } = seen
  if (!account || !jws) return ok({ accepted, checks })
  const { roleIds } = await deps.read(organizationId, (db) => readOrganization(db, organizationId))
  const role = effectiveRole(provider, jws.claims, roleIds, account.role)
  const scope = { name: 'Scope', passed: role.ok, detail: role.ok ? '' : scopeDetail(provider) }
  return ok({
    accepted: accepted && role.ok,
    checks: [...checks, scope],
    account: { id: account.id, kind: account.kind, name: account.name },
    ...(role.ok && { role: role.value }),
  })
}

/** E5: in plain words, and what to change where. */
const scopeDetail = ({ scopeClaim, requireScope }: OAuthProvider) =>
  requireScope
    ? `The scope claim (${scopeClaim}) names no role of this organization that the account has, and the provider requires one. Let the token carry the UUID of a role.`
    : `The scope claim (${scopeClaim}) names roles, but none of this organization that the account has. Correct their UUIDs, or leave them out.`
