import type { Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { countExternalSubjects, hasExternalAccess } from '../account-mappings/actions.ts'
import type { AccountName, Caller } from '../accounts/rules.ts'
import { findGroup, roleInGroup } from '../groups/actions.ts'
import { findOAuthProvider } from '../oauth-providers/actions.ts'
import { findForeignGroup, readTokenCreation } from '../settings/actions.ts'
import { type TokenCreation, withoutGroup } from '../settings/rules.ts'
import { computeImpact, emptyImpact, findTokenChange, type Impact, leavesNoAccess, type TokenChange } from './rules.ts'
import { countClasses, findAccount, findExamples, listHeldTokens, type Question } from './store.ts'

/** A change that takes reach away, as its impact is asked for before it is made (P9). */
export type IntendedChange =
  | { kind: 'group_deletion'; groupId: string }
  | { kind: 'group_removal'; groupId: string; accountId: string }
  | { kind: 'account_removal'; accountId: string }
  | { kind: 'provider_removal'; providerId: string }

export interface ImpactView extends Impact {
  examples: {
    tokenId: string
    name: string
    account: AccountName
    lastUsedAt: Date | null
    change: TokenChange
  }[]
  warnings: { code: 'no_external_access'; message: string }[]
}

const noExternalAccess = {
  code: 'no_external_access' as const,
  message: 'No account is mapped at an enabled OAuth provider: nothing will be able to call the API.',
}

/** P9: what saving this setting would do, with the first tokens by name and the warnings. */
export const getSettingsImpact = (
  deps: Deps,
  caller: Caller,
  after: TokenCreation,
): Promise<Result<ImpactView, 'invalid_request'>> =>
  deps.read(caller.organizationId, async (db) => {
    const foreign = await findForeignGroup(db, after.groupIds)
    if (foreign) return foreign
    const before = await readTokenCreation(db, caller.organizationId)
    const view = await describeReach(db, createQuestion(deps, caller, before, after), { before, after })
    const warns = leavesNoAccess(after, await hasExternalAccess(db, caller.organizationId))
    return ok({ ...view, warnings: warns ? [noExternalAccess] : [] })
  })

const createQuestion = (
  deps: Deps,
  { organizationId }: Caller,
  before: TokenCreation,
  after: TokenCreation,
): Question => ({ organizationId, before: before.groupIds, after: after.groupIds, at: deps.now() })

/** What another setting or other memberships do to accounts and tokens. */
async function describeReach(
  db: Reader,
  question: Question,
  { before, after }: { before: TokenCreation; after: TokenCreation },
): Promise<ImpactView> {
  const classes = await countClasses(db, question)
  const changing = classes.filter((group) => findTokenChange(before, after, group) !== undefined)
  const examples = await findExamples(db, question, changing)
  return {
    ...computeImpact(before, after, classes),
    examples: examples.map((token) => ({
      tokenId: token.tokenId,
      name: token.name,
      account: { id: token.accountId, kind: token.accountKind, name: token.accountName },
      lastUsedAt: token.lastUsedAt,
      change: findTokenChange(before, after, token) ?? 'suspended',
    })),
    warnings: [],
  }
}

type ImpactRefusal = 'forbidden' | 'not_found'

/**
 * P9: what a change would do to accounts and tokens, before it is made. Admins may ask about every change, the manager of
 * a group about removals from it (O6), and get figures without the names of other people's tokens (T5).
 */
export const getChangeImpact = (
  deps: Deps,
  caller: Caller,
  change: IntendedChange,
): Promise<Result<ImpactView, ImpactRefusal>> =>
  deps.read(caller.organizationId, async (db) => {
    if (caller.role === 'admin') return describeChange(db, deps, caller, change)
    const manages =
      change.kind === 'group_removal' && (await roleInGroup(db, change.groupId, caller.accountId)) === 'manager'
    if (!manages) return refuse('forbidden', { detail: 'Only admins of the organization may do this.' })
    const impact = await describeChange(db, deps, caller, change)
    return impact.ok ? ok({ ...impact.value, examples: [] }) : impact
  })

function describeChange(
  db: Reader,
  deps: Deps,
  caller: Caller,
  change: IntendedChange,
): Promise<Result<ImpactView, 'not_found'>> {
  switch (change.kind) {
    case 'group_deletion':
    case 'group_removal':
      return describeGroupChange(db, deps, caller, change)
    case 'account_removal':
      return describeRemoval(db, deps, caller, change.accountId)
    case 'provider_removal':
      return describeProviderRemoval(db, caller, change.providerId)
  }
}

/** P4, P6: deleting a group, or taking one account out of it. */
async function describeGroupChange(
  db: Reader,
  deps: Deps,
  caller: Caller,
  change: IntendedChange & { kind: 'group_deletion' | 'group_removal' },
): Promise<Result<ImpactView, 'not_found'>> {
  const { groupId } = change
  if (!(await findGroup(db, caller.organizationId, groupId))) return refuse('not_found')
  const before = await readTokenCreation(db, caller.organizationId)
  if (change.kind === 'group_deletion') {
    const after = withoutGroup(before, groupId)
    return ok(await describeReach(db, createQuestion(deps, caller, before, after), { before, after }))
  }
  const { accountId } = change
  if ((await roleInGroup(db, groupId, accountId)) === undefined) return refuse('not_found')
  const question = { ...createQuestion(deps, caller, before, before), leaving: { groupId, accountId } }
  return ok(await describeReach(db, question, { before, after: before }))
}

/** O5: removing an account revokes its tokens and deletes its mappings. */
async function describeRemoval(
  db: Reader,
  deps: Deps,
  caller: Caller,
  accountId: string,
): Promise<Result<ImpactView, 'not_found'>> {
  const { organizationId } = caller
  const account = await findAccount(db, organizationId, accountId)
  if (!account) return refuse('not_found')
  const setting = await readTokenCreation(db, organizationId)
  const tokens = await listHeldTokens(db, accountId, deps.now())
  const externalSubjects = await countExternalSubjects(db, organizationId, { accountId })
  const endsAccess = externalSubjects > 0 && !(await hasExternalAccess(db, organizationId, { accountId }))
  return ok({
    ...emptyImpact,
    tokens: {
      ...emptyImpact.tokens,
      revoked: tokens.length,
      revokedUsedLast24h: tokens.filter((token) => token.usedLast24h).length,
    },
    externalSubjects,
    examples: tokens.slice(0, 10).map(({ id, name, lastUsedAt }) => ({
      tokenId: id,
      name,
      account,
      lastUsedAt,
      change: 'revoked',
    })),
    warnings: leavesNoAccess(setting, !endsAccess) ? [noExternalAccess] : [],
  })
}

/** E2: an OAuth provider that is disabled or deleted takes its mapped subjects' access. */
async function describeProviderRemoval(
  db: Reader,
  { organizationId }: Caller,
  providerId: string,
): Promise<Result<ImpactView, 'not_found'>> {
  if (!(await findOAuthProvider(db, organizationId, providerId))) return refuse('not_found')
  const externalSubjects = await countExternalSubjects(db, organizationId, { providerId })
  const setting = await readTokenCreation(db, organizationId)
  const endsAccess = externalSubjects > 0 && !(await hasExternalAccess(db, organizationId, { providerId }))
  return ok({
    ...emptyImpact,
    externalSubjects,
    examples: [],
    warnings: leavesNoAccess(setting, !endsAccess) ? [noExternalAccess] : [],
  })
}
