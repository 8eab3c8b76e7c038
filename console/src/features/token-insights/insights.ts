import type { Token } from '../tokens/queries'
import type { UsedToken } from './queries'

const dayMs = 86_400_000

export type UsedAccount = { account: UsedToken['account']; count: number; tokens: number; lastUsedAt: string | null }

const later = (one: string | null, other: string | null) => ((one ?? '') > (other ?? '') ? one : other)

/** What an account's tokens come to together, most used first. */
export function perAccount(tokens: readonly UsedToken[]): UsedAccount[] {
  const found = new Map<string, UsedAccount>()
  for (const { account, count, lastUsedAt } of tokens) {
    const so = found.get(account.id) ?? { account, count: 0, tokens: 0, lastUsedAt: null }
    found.set(account.id, {
      account,
      count: so.count + count,
      tokens: so.tokens + 1,
      lastUsedAt: later(so.lastUsedAt, lastUsedAt),
    })
  }
  return [...found.values()].sort(
    (one, other) => other.count - one.count || one.account.name.localeCompare(other.account.name),
  )
}

export type Remark = { token: Token; unused: boolean; neverExpires: boolean }

/**
 * Tokens that someone should look at: those that nothing has used for the whole period, and those that would work
 * for ever. A token that is younger than the period has not had its time yet. Both at once come first.
 */
export function worthALook(tokens: readonly Token[], days: number, now: number): Remark[] {
  const since = new Date(now - days * dayMs).toISOString()
  return tokens
    .map((token) => ({
      token,
      unused: token.createdAt < since && (token.lastUsedAt ?? '') < since,
      neverExpires: token.expiresAt === null,
    }))
    .filter(({ unused, neverExpires }) => unused || neverExpires)
    .sort(
      (one, other) =>
        weight(other) - weight(one) || (one.token.lastUsedAt ?? '').localeCompare(other.token.lastUsedAt ?? ''),
    )
}

const weight = ({ unused, neverExpires }: Remark) => (unused ? 2 : 0) + (neverExpires ? 1 : 0)

/** A round number that the highest bar fits under, and whose half is one, too. */
export function roundUp(highest: number): number {
  if (highest <= 4) return 4
  const tens = 10 ** Math.floor(Math.log10(highest))
  const round = [1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].map((times) => Math.round(times * tens * 10) / 10)
  return round.find((one) => one >= highest && one % 2 === 0) ?? highest
}
