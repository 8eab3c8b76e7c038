import { createHolder, isSuspended, mayCreateToken, type TokenCreation } from '../settings/rules.ts'

/** P9: accounts that two settings treat alike, counted together with their tokens. */
export interface AccountClass {
  selectedBefore: boolean
  selectedAfter: boolean
  accounts: number
  /** Tokens that have neither expired nor been revoked. */
  tokens: number
  tokensUsedLast24h: number
}

export interface Impact {
  accounts: { losingCreation: number; gainingCreation: number }
  tokens: {
    suspended: number
    restored: number
    suspendedUsedLast24h: number
    /** Suspended before and after (P13). */
    stillSuspended: number
    revoked: number
    revokedUsedLast24h: number
  }
  /** Mapped subjects of OAuth providers whose tokens stop working. */
  externalSubjects: number
}

export const emptyImpact: Impact = {
  accounts: { losingCreation: 0, gainingCreation: 0 },
  tokens: {
    suspended: 0,
    restored: 0,
    suspendedUsedLast24h: 0,
    stillSuspended: 0,
    revoked: 0,
    revokedUsedLast24h: 0,
  },
  externalSubjects: 0,
}

export type TokenChange = 'suspended' | 'restored' | 'revoked'

/** P9: what happens to the tokens of accounts in this class, if anything. */
export function findTokenChange(
  before: TokenCreation,
  after: TokenCreation,
  { selectedBefore, selectedAfter }: Pick<AccountClass, 'selectedBefore' | 'selectedAfter'>,
): TokenChange | undefined {
  const wasSuspended = isSuspended(before, createHolder(before, selectedBefore))
  const willBeSuspended = isSuspended(after, createHolder(after, selectedAfter))
  if (wasSuspended === willBeSuspended) return undefined
  return willBeSuspended ? 'suspended' : 'restored'
}

/** P9: what a change of the setting or of memberships does, from counts by class. SQL counts, P2-P5 decide. */
export function computeImpact(before: TokenCreation, after: TokenCreation, classes: readonly AccountClass[]): Impact {
  const { accounts, tokens, externalSubjects } = structuredClone(emptyImpact)
  for (const group of classes) {
    const could = mayCreateToken(before, createHolder(before, group.selectedBefore)).ok
    const can = mayCreateToken(after, createHolder(after, group.selectedAfter)).ok
    if (could && !can) accounts.losingCreation += group.accounts
    if (!could && can) accounts.gainingCreation += group.accounts
    const change = findTokenChange(before, after, group)
    if (change === 'restored') tokens.restored += group.tokens
    if (change === 'suspended') {
      tokens.suspended += group.tokens
      tokens.suspendedUsedLast24h += group.tokensUsedLast24h
    }
    if (change === undefined && isSuspended(after, createHolder(after, group.selectedAfter)))
      tokens.stillSuspended += group.tokens
  }
  return { accounts, tokens, externalSubjects }
}

/** P9: with `none`, nothing can call the API unless an account is mapped at an enabled OAuth provider. */
export const leavesNoAccess = (after: TokenCreation, hasExternalAccess: boolean): boolean =>
  after.creation === 'none' && !hasExternalAccess
