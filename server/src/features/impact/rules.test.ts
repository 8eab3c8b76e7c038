import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSuspended, mayCreateToken, type TokenCreation } from '../settings/rules.ts'
import { type AccountClass, computeImpact, leavesNoAccess } from './rules.ts'

const someGroups = fc.subarray(['grp_a', 'grp_b', 'grp_c', 'grp_d'])
const setting: fc.Arbitrary<TokenCreation> = fc.record({
  creation: fc.constantFrom('all', 'groups', 'none'),
  groupIds: someGroups,
  suspendOutsideGroups: fc.boolean(),
})

test('P9: with none, nothing can call the API unless an account is mapped at an enabled provider', () => {
  fc.assert(
    fc.property(
      setting,
      fc.boolean(),
      (after, mapped) => leavesNoAccess(after, mapped) === (after.creation === 'none' && !mapped),
    ),
  )
})

interface ModelAccount {
  groupIds: string[]
  tokens: number
  used: number
}

/** The model asks the rules of each account one by one; the impact must say the same from counts by class. */
test('P9: the impact counts what would happen to each account and token', () => {
  const someAccount: fc.Arbitrary<ModelAccount> = fc
    .record({ groupIds: someGroups, tokens: fc.nat(5), used: fc.nat(5) })
    .map((account) => ({ ...account, used: Math.min(account.used, account.tokens) }))
  fc.assert(
    fc.property(setting, setting, fc.array(someAccount, { maxLength: 12 }), (before, after, accounts) => {
      const sum = (pick: (account: ModelAccount) => number, when: (account: ModelAccount) => boolean) =>
        accounts.filter(when).reduce((n, account) => n + pick(account), 0)
      const isCutOff = (account: ModelAccount) => !isSuspended(before, account) && isSuspended(after, account)
      expect(computeImpact(before, after, toClasses(before, after, accounts))).toEqual({
        externalSubjects: 0,
        accounts: {
          losingCreation: sum(
            () => 1,
            (account) => mayCreateToken(before, account).ok && !mayCreateToken(after, account).ok,
          ),
          gainingCreation: sum(
            () => 1,
            (account) => !mayCreateToken(before, account).ok && mayCreateToken(after, account).ok,
          ),
        },
        tokens: {
          suspended: sum((account) => account.tokens, isCutOff),
          restored: sum(
            (account) => account.tokens,
            (account) => isSuspended(before, account) && !isSuspended(after, account),
          ),
          suspendedUsedLast24h: sum((account) => account.used, isCutOff),
          stillSuspended: sum(
            (account) => account.tokens,
            (account) => isSuspended(before, account) && isSuspended(after, account),
          ),
          revoked: 0,
          revokedUsedLast24h: 0,
        },
      })
    }),
  )
})

function toClasses(before: TokenCreation, after: TokenCreation, accounts: readonly ModelAccount[]): AccountClass[] {
  const isIn = (account: ModelAccount, selection: TokenCreation) =>
    account.groupIds.some((id) => selection.groupIds.includes(id))
  return accounts.map((account) => ({
    selectedBefore: isIn(account, before),
    selectedAfter: isIn(account, after),
    accounts: 1,
    tokens: account.tokens,
    tokensUsedLast24h: account.used,
  }))
}
