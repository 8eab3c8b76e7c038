import type { Impact } from './queries'

export const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`

export const countTokens = (number: number) => count(number, 'token', 'tokens')

export const capitalize = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const used = (number: number) => (number > 0 ? ` (${number.toLocaleString()} used in the last 24 hours)` : '')

/** P9 in one sentence: what a change does to accounts and tokens. */
export function impactSentence({ accounts, tokens, externalSubjects }: Impact): string {
  const parts = [
    accounts.losingCreation > 0 &&
      `${count(accounts.losingCreation, 'account loses', 'accounts lose')} the ability to create tokens`,
    accounts.gainingCreation > 0 &&
      `${count(accounts.gainingCreation, 'account gains', 'accounts gain')} the ability to create tokens`,
    tokens.suspended > 0 &&
      `${count(tokens.suspended, 'token is', 'tokens are')} suspended${used(tokens.suspendedUsedLast24h)}`,
    tokens.restored > 0 && `${count(tokens.restored, 'token works', 'tokens work')} again`,
    tokens.stillSuspended > 0 && `${count(tokens.stillSuspended, 'token stays', 'tokens stay')} suspended`,
    tokens.revoked > 0 &&
      `${count(tokens.revoked, 'token is', 'tokens are')} revoked for good${used(tokens.revokedUsedLast24h)}`,
    externalSubjects > 0 && `${count(externalSubjects, 'OAuth subject loses', 'OAuth subjects lose')} access`,
  ].filter((part) => part !== false)
  if (parts.length === 0) return 'No account and no token is affected.'
  return `${capitalize(new Intl.ListFormat('en', { type: 'conjunction' }).format(parts))}.`
}
