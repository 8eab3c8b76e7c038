import type { Instance, Mail } from '../../kernel/deps.ts'
import { letter, subjectOf } from '../../kernel/letter.ts'
import type { AccountKind } from '../accounts/rules.ts'

/** How many days before a token expires its owner is told. */
export type Days = 1 | 7
const thresholds: readonly Days[] = [1, 7]

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs

/** A token that expires soon, as far as the decision goes. `told`: what was told of its present secret already. */
export interface Expiring {
  tokenId: string
  organizationId: string
  kind: AccountKind
  issuedAt: Date
  expiresAt: Date
  told: readonly Days[]
}

/** A notice that is to be given; `issuedAt` names the secret, so that a refresh starts anew. */
export interface Due {
  tokenId: string
  issuedAt: Date
  days: Days
}

/** A notice that this process took, with all that its mail says. */
export interface Claimed {
  organizationId: string
  organizationName: string
  organizationSlug: string
  tokenName: string
  hint: string
  expiresAt: Date
  owner: string
  email: string | null
}

/** The UTC day of a time, `YYYY-MM-DD`. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

const nextDayMs = (at: Date) => (Math.floor(at.getTime() / dayMs) + 1) * dayMs

/** No notice is due for anything that expires later than this. */
export const lastOfInterest = (now: Date): Date => new Date(nextDayMs(now) + 7 * dayMs)

/**
 * The notice of a token that is due at this time, if one is. Only the nearest threshold counts: whoever missed the seventh
 * day is not told of it on the last. None for a threshold that lies within an hour of issuing, or before it: whoever chose
 * the expiration knows it. A service account's token is told in the collection of the day on which its threshold falls, so
 * at least the whole of its time ahead.
 */
export function dueNotice(token: Expiring, now: Date): Due | undefined {
  if (token.expiresAt <= now) return undefined
  const reached = (at: number) => (token.kind === 'service_account' ? at < nextDayMs(now) : at <= now.getTime())
  const days = thresholds.find((it) => reached(token.expiresAt.getTime() - it * dayMs))
  if (days === undefined || token.told.includes(days)) return undefined
  if (token.expiresAt.getTime() - days * dayMs <= token.issuedAt.getTime() + hourMs) return undefined
  return { tokenId: token.tokenId, issuedAt: token.issuedAt, days }
}

const timeOf = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** To the owner of a token. */
export const ownerMail = (instance: Instance, it: Claimed & { email: string }): Mail => ({
  to: it.email,
  subject: subjectOf(`Your API token ${it.tokenName} expires on ${dayOf(it.expiresAt)}`),
  ...letter({
    title: 'Your API token expires soon',
    paragraphs: [
      `Hello ${it.owner},`,
      `your ${instance.productName} API token ${it.tokenName} (${it.hint}) of ${it.organizationName} expires on ${timeOf(it.expiresAt)}. After that, whatever uses it is refused.`,
      'If it is still needed, refresh it in time: you get a new secret, and the present one stops at once. If not, do nothing.',
    ],
    action: { label: 'Open your API tokens', url: `${instance.publicUrl}/o/${it.organizationSlug}/settings/apis` },
  }),
})

/** A mail names so many tokens at most; the page that it leads to shows all. */
const mostListed = 50

/** To one admin: the tokens of service accounts, collected (never empty). */
export function adminMail(
  instance: Instance,
  admin: { name: string; email: string },
  all: readonly [Claimed, ...Claimed[]],
): Mail {
  const [{ organizationName, organizationSlug }] = all
  const what = all.length === 1 ? 'API token of a service account' : 'API tokens of service accounts'
  const verb = all.length === 1 ? 'expires' : 'expire'
  const more = all.length - mostListed
  return {
    to: admin.email,
    subject: subjectOf(`${all.length} ${what} of ${organizationName} ${verb} soon`),
    ...letter({
      title: `${all.length} ${what} ${verb} soon`,
      paragraphs: [
        `Hello ${admin.name},`,
        `in ${organizationName} on ${instance.productName}, soonest first:`,
        ...all
          .slice(0, mostListed)
          .map((it) => `${it.tokenName} (${it.hint}) of ${it.owner}: expires on ${timeOf(it.expiresAt)}`),
        ...(more > 0 ? [`and ${more} more.`] : []),
        'What is still needed must be refreshed in time: it gets a new secret, and the present one stops at once.',
      ],
      action: {
        label: 'Open the API tokens',
        url: `${instance.publicUrl}/o/${organizationSlug}/settings/organization/api-tokens`,
      },
    }),
  }
}
