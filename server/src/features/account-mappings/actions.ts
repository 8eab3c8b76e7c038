import type { Forget, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { invalid, ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
import { mayMap } from './rules.ts'
import {
  countEffectiveMappings,
  deleteMapping,
  deleteMappingsOfAccount,
  deleteMappingsOfProvider,
  findAccount,
  findMappedAccount,
  findMapping,
  findProvider,
  findRivals,
  hasEffectiveMapping,
  insertMapping,
  listMappings,
  type MappableAccount,
  type MappingFilter,
  type MappingRecord,
  type MappingShare,
  setDisplayName,
} from './store.ts'

const noSuchProvider = () => invalid('providerId', 'There is no such OAuth provider in this organization.')
const noSuchAccount = () => invalid('accountId', 'There is no such account in this organization.')

/** A page of mappings, of one account or one provider if asked so; reads one more than `limit`. */
export const listAccountMappings = (
  deps: Deps,
  caller: Caller,
  filter: MappingFilter,
): Promise<Result<MappingRecord[], 'invalid_request'>> =>
  deps.read(caller.organizationId, async (db) => {
    const { organizationId } = caller
    const { accountId, providerId } = filter
    if (accountId !== undefined && !(await findAccount(db, organizationId, accountId))) return noSuchAccount()
    if (providerId !== undefined && !(await findProvider(db, organizationId, providerId))) return noSuchProvider()
    return ok(await listMappings(db, organizationId, filter))
  })

const forgetIssuers = (issuers: readonly string[]): Forget[] => issuers.map((id) => ({ kind: 'issuer', id }))

/** By the subject, which is what a token will say. */
const targetOf = ({ id, subject }: { id: string; subject: string }) => ({
  kind: 'account_mapping' as const,
  id,
  name: subject,
})

/** What the audit log keeps of a mapping: account and provider by name too, since they may be gone when it is read. */
const told = ({ account, provider, subject, displayName }: MappingRecord) => ({
  account,
  provider,
  subject,
  displayName,
})

/** E3: both ends are of this organization, and the account has joined: nobody acts for an invitation. */
async function findEnds(
  db: Reader,
  caller: Caller,
  wanted: { accountId: string; providerId: string },
): Promise<Result<{ id: string; name: string; issuer: string }, 'invalid_request'>> {
  const account = await findAccount(db, caller.organizationId, wanted.accountId)
  const provider = await findProvider(db, caller.organizationId, wanted.providerId)
  const faults: Refused<'invalid_request'>[] = []
  if (!account) faults.push(noSuchAccount())
  else if (account.status !== 'joined') faults.push(invalid('accountId', 'This member has not joined yet.'))
  if (!provider) faults.push(noSuchProvider())
  if (!provider || faults.length > 0)
    return refuse('invalid_request', { errors: faults.flatMap((it) => it.errors ?? []) })
  return ok(provider)
}

/** E3: ties an account to its subject at a provider. */
export function createAccountMapping(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: { accountId: string; providerId: string; subject: string; displayName: string },
): Promise<Result<MappingRecord, 'invalid_request' | 'mapping_exists' | 'subject_taken' | Denial>> {
  const by = byOf(deps, caller, facts)
  const id = deps.newId('map')
  return deps.change(by, async (tx, caller) => {
    const { organizationId } = caller
    const ends = await findEnds(tx, caller, wanted)
    if (!ends.ok) return ends
    const allowed = mayMap(wanted, await findRivals(tx, wanted))
    if (!allowed.ok) return allowed
    await insertMapping(tx, { ...wanted, id, organizationId, at: by.at })
    const value = await present(tx, caller, id)
    const event = { action: 'account_mapping.created' as const, target: targetOf(value), after: told(value) }
    return { ok: true, value, events: [event], forget: forgetIssuers([value.issuer]) }
  })
}

async function present(db: Reader, caller: Caller, id: string): Promise<MappingRecord> {
  const found = await findMapping(db, caller.organizationId, id)
  if (!found) throw new Error('A mapping that was just written is not there.')
  return found
}

/** E3: the display name alone can be edited; it decides nothing, so nothing is forgotten. */
export function updateAccountMapping(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, displayName }: { id: string; displayName: string },
): Promise<Result<MappingRecord, 'not_found' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findMapping(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const value = { ...now, displayName }
    if (now.displayName === displayName) return { ok: true, value, unchanged: true }
    await setDisplayName(tx, id, displayName)
    const event = {
      action: 'account_mapping.updated' as const,
      target: targetOf(now),
      before: { displayName: now.displayName },
      after: { displayName },
    }
    return { ok: true, value, events: [event], forget: [] }
  })
}

/** E6: tokens of that subject stop at once. */
export function deleteAccountMapping(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findMapping(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    await deleteMapping(tx, id)
    const event = { action: 'account_mapping.deleted' as const, target: targetOf(now), before: told(now) }
    return { ok: true, value: undefined, events: [event], forget: forgetIssuers([now.issuer]) }
  })
}

/** O5: an account's mappings fall with it, within somebody's change. */
export async function dropMappingsOfAccount(
  tx: Writer,
  accountId: string,
): Promise<{ ids: string[]; forget: Forget[] }> {
  const { ids, issuers } = await deleteMappingsOfAccount(tx, accountId)
  return { ids, forget: forgetIssuers(issuers) }
}

/** E6: a provider's mappings fall with it, within its deletion; answers their ids. */
export const dropMappingsOfProvider = (tx: Writer, providerId: string): Promise<string[]> =>
  deleteMappingsOfProvider(tx, providerId)

/** E3: whose subject it is at a provider. */
export const accountOfSubject = (
  db: Reader,
  organizationId: string,
  of: { providerId: string; subject: string },
): Promise<MappableAccount | undefined> => findMappedAccount(db, organizationId, of)

/** P9: whether anything can call the API without a managed token; `except` leaves out what a change would take away. */
export const hasExternalAccess = (db: Reader, organizationId: string, except?: MappingShare): Promise<boolean> =>
  hasEffectiveMapping(db, organizationId, except)

/** P9: how many subjects of OAuth providers are mapped to this account, or at this provider, and can call the API. */
export const countExternalSubjects = (db: Reader, organizationId: string, share: MappingShare): Promise<number> =>
  countEffectiveMappings(db, organizationId, share)
