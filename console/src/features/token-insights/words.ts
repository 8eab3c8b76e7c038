import { formatDay } from '../../ui/day'
import type { Remark, UsedAccount } from './insights'
import type { Usage } from './queries'

export const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`

export const countUses = (number: number) => count(number, 'use', 'uses')
export const countTokens = (number: number) => count(number, 'token', 'tokens')

/** The whole period in a sentence. */
export function summaryOf({ days, tokens }: Usage): string {
  const total = days.reduce((sum, day) => sum + day.count, 0)
  if (total === 0) return `No use in the last ${days.length} days.`
  const used = tokens.filter((token) => token.count > 0).length
  const busiest = days.reduce((most, day) => (day.count > most.count ? day : most))
  return `${countUses(total)} in the last ${days.length} days, by ${countTokens(used)}; most on ${formatDay(busiest.date)} (${busiest.count.toLocaleString()}).`
}

/** What is worth a look, in one sentence, and what to do about it. */
export function remarkSentence(remarks: Remark[], days: number): string {
  const unused = remarks.filter((it) => it.unused).length
  const forever = remarks.filter((it) => it.neverExpires).length
  const parts = [
    ...(unused > 0
      ? [`${countTokens(unused)} ${unused === 1 ? 'was' : 'were'} not used in the last ${days} days`]
      : []),
    ...(forever > 0 ? [`${countTokens(forever)} never ${forever === 1 ? 'expires' : 'expire'}`] : []),
  ]
  return `${parts.join(', and ')}.`
}

export const kinds: Record<UsedAccount['account']['kind'], string> = {
  member: 'Member',
  service_account: 'Service account',
}
