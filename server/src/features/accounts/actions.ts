import type { Forget, Read, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { Person } from '../../db/people.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { cancelMails } from '../../mail/store.ts'
import type { Principal } from '../access/rules.ts'
import { dropMappingsOfAccount } from '../account-mappings/actions.ts'
import type { Role } from '../organizations/rules.ts'
import { mayUsePassword } from '../sign-in/rules.ts'
import type { AccountName } from './rules.ts'
import {
  deleteInvitationOf,
  findWithOrganization,
  type GroupOfAccount,
  groupsOfAccounts,
  isLive,
  leaveAllGroups,
  markRemoved,
  revokeTokensOf,
  setRole,
} from './store.ts'

export type { GroupOfAccount } from './store.ts'

/** Adds to each account the groups that it is in. */
export async function withGroups<T extends { id: string }>(
  db: Reader,
  organizationId: string,
  accounts: readonly T[],
): Promise<(T & { groups: GroupOfAccount[] })[]> {
  const ids = accounts.map((it) => it.id)
  const groups = await groupsOfAccounts(db, organizationId, ids)
  return accounts.map((it) => ({ ...it, groups: groups.get(it.id) ?? [] }))
}

/** O5: is the account still one of the organization's? */
export const isAccountLive = (read: Read, organizationId: string, accountId: string): Promise<boolean> =>
  read(organizationId, (db) => isLive(db, organizationId, accountId))

/** What falls with an account, by id, for the event's `before` (A1). */
export interface Fallen {
  tokens: string[]
  groups: string[]
  mappings: string[]
  invitation?: string
}

/**
 * O5: removes an account within somebody's change: its tokens are revoked for good, its mappings are deleted, it leaves
 * its groups, an open invitation opens nothing any more. Whether a member may go is asked before (O2). Answers what fell
 * with it, and what every process must forget.
 */
export async function removeAccount(
  tx: Writer,
  accountId: string,
  at: Date,
): Promise<{ fallen: Fallen; forget: Forget[] }> {
  const tokens = await revokeTokensOf(tx, accountId, at)
  const groups = await leaveAllGroups(tx, accountId)
  const { ids: mappings, forget } = await dropMappingsOfAccount(tx, accountId)
  const invitation = await deleteInvitationOf(tx, accountId)
  if (invitation !== undefined) await cancelMails(tx, 'invitation', invitation)
  await markRemoved(tx, accountId, at)
  return {
    fallen: { tokens, groups, mappings, ...(invitation !== undefined && { invitation }) },
    forget: [{ kind: 'account', id: accountId }, ...forget],
  }
}

/** Revokes an account's tokens within somebody's change; answers their ids. */
export const revokeTokens = (tx: Writer, accountId: string, at: Date): Promise<string[]> =>
  revokeTokensOf(tx, accountId, at)

/** O9: gives an account another role within somebody's change. Whether a member may be demoted is asked before (O2). */
export const giveRole = (tx: Writer, accountId: string, role: Role): Promise<void> => setRole(tx, accountId, role)

/** Somebody who has no sign-in yet. The email in canonical form. */
export interface NewPerson {
  name: string
  email: string
  password: string
}

/** A person as a change writes them. */
export interface PreparedPerson {
  person: Person
  credential: { passwordHash: string; credentialId: string }
}

/** Holds a new person's password against the policy and hashes it: before any change, since hashing is slow on purpose. */
export async function preparePerson(deps: Deps, it: NewPerson): Promise<Result<PreparedPerson, 'invalid_request'>> {
  const good = mayUsePassword(it.password, it)
  if (!good.ok) return good
  const passwordHash = await deps.passwords.hash(it.password)
  const person = { id: deps.newId('usr'), name: it.name, email: it.email }
  return ok({ person, credential: { passwordHash, credentialId: deps.newId('crd') } })
}

export interface Me {
  user?: { id: string; name: string; email: string; emailProven: boolean; freshStartAt?: Date }
  account?: AccountName & { role: Role }
  organizations: { id: string; name: string; slug: string; accountId: string; role: Role }[]
}

/** Who asks, and where they belong (O4); a token speaks for its own account and organization alone. */
export async function getMe(deps: Deps, principal: Principal): Promise<Result<Me, 'unauthenticated'>> {
  if (principal.kind === 'session') {
    const [memberships, address] = await Promise.all([
      deps.lookups.membershipsOf(principal.userId),
      deps.people.addressState(principal.userId),
    ])
    const { userId: id, name, email } = principal
    const freshStartAt = address?.freshStartAt
    return ok({
      user: { id, name, email, emailProven: address?.emailProven === true, ...(freshStartAt && { freshStartAt }) },
      organizations: memberships.map((it) => ({
        id: it.organizationId,
        name: it.organizationName,
        slug: it.organizationSlug,
        accountId: it.accountId,
        role: it.role,
      })),
    })
  }
  const { id, organizationId, role } = principal.account
  const found = await deps.read(organizationId, (db) => findWithOrganization(db, organizationId, id))
  if (!found) return refuse('unauthenticated')
  return ok({ account: { ...found.account, role }, organizations: [{ ...found.organization, accountId: id, role }] })
}
