import * as z from 'zod'
import { canonicalizeEmail, isEmailAddress, maxEmailOctets } from '../kernel/emails.ts'
import { type IdPrefix, idPattern } from '../kernel/ids.ts'
import { findNameFault } from '../kernel/names.ts'

/** A fault to show at the field: text that a database or a terminal could choke on. */
const isPlain = (text: string) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text)
const isPlainLines = (text: string) => text.isWellFormed() && !/[\p{Cc}--[\n\t]]/v.test(text)

/** Length in characters (code points), as JSON Schema counts. */
const lengthOf = (text: string) => [...text].length

/** One line of text, trimmed, between 1 and `max` characters. */
const lineOfText = (max: number) =>
  z
    .string()
    .max(max * 4)
    .trim()
    .refine((text) => lengthOf(text) >= 1, 'Enter a name.')
    .refine((text) => lengthOf(text) <= max, `At most ${max} characters.`)
    .refine(isPlain, 'Leave out control characters and line breaks.')
    .meta({ minLength: 1, maxLength: max })

/** A fault of a name as one issue of the field. */
export const reportNameFault = (text: string, context: z.RefinementCtx<string>): void => {
  const message = text === '' || !isPlain(text) ? undefined : findNameFault(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
}

/** A name, of whatever noun: any Unicode text that people use and can see. */
export const nameText = (max: number) => lineOfText(max).superRefine(reportNameFault)

/** Free text of at most `max` characters, trimmed; line breaks are welcome. */
export const freeText = (max: number) =>
  z
    .string()
    .max(max * 4)
    .trim()
    .refine((text) => lengthOf(text) <= max, `At most ${max} characters.`)
    .refine(isPlainLines, 'Leave out control characters.')
    .meta({ maxLength: max })

const isExact = (text: string) => isPlain(text) && text.trim() === text

/** What is compared exactly with what others write: taken as it stands, or refused where it can only be a slip. */
export const exactText = (max: number) =>
  z
    .string()
    .min(1, 'Enter a value.')
    .max(max, `At most ${max} characters.`)
    .refine(isExact, { error: 'Leave out control characters, and spaces at the ends.', abort: true })

/** The one schema of an email address, which comes out in canonical form. */
export const emailAddress = () =>
  z
    .string()
    .max(maxEmailOctets * 4)
    .transform(canonicalizeEmail)
    .refine(isEmailAddress, 'Not an email address.')
    .meta({ format: 'idn-email' })

/** A new password; what is good enough is the policy's to say, this only bounds it. */
export const newPassword = () => z.string().min(1, 'Enter a password.').max(1024, 'At most 128 characters.')

/** A search phrase. */
export const searchText = () => lineOfText(100)

export const id = (...prefixes: [IdPrefix, ...IdPrefix[]]) =>
  z.string().regex(idPattern(...prefixes), 'Not a valid id.')

/** In UTC. Year 0 does not exist in the databases, and ISO 8601 writes later years with six digits. */
const earliestTime = Date.parse('0001-01-01T00:00:00Z')
const latestTime = Date.parse('9999-12-31T23:59:59.999Z')

/** A point in time, RFC 3339 with `Z` or an offset; years 1–9999 in UTC, whatever the offset makes of them. */
export const time = () =>
  z.iso
    .datetime({ offset: true })
    .max(40)
    .transform((text) => new Date(text))
    .refine((at) => at.getTime() >= earliestTime && at.getTime() <= latestTime, 'Must be in the years 1 to 9999 (UTC).')

/** A day as YYYY-MM-DD, from year 1 on. */
export const day = (message: string) => z.iso.date(message).refine((text) => text >= '0001', message)

/** A time as it is sent: a Date becomes RFC 3339 UTC with `Z` in JSON. */
export const sentTime = () => z.date()
export const role = z.enum(['admin', 'member'])
export const accountName = z
  .object({ id: z.string(), kind: z.enum(['member', 'service_account']), name: z.string() })
  .meta({ id: 'AccountName' })

/** The organization, as whoever belongs to it sees it. */
export const organization = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string(),
    createdAt: sentTime(),
    /** Empty for whoever is no admin: role ids are shown to admins. */
    roles: z.array(z.object({ id: z.string(), name: role })),
  })
  .meta({ id: 'Organization' })

/**
 * The state of an invitation's mail; absent where no mail is configured, null where none was queued or the link was shown
 * instead. `at`: when it was sent or failed; while it is pending, when it is tried next.
 */
export const mailStatus = () =>
  z
    .object({
      state: z.enum(['pending', 'sent', 'failed']),
      attempts: z.int(),
      at: sentTime(),
      /** A response code of SMTP, or the code of a failed connection. */
      error: z.string().nullable(),
    })
    .meta({ id: 'MailStatus' })
    .nullable()
    .optional()

export const defaultLimit = 50
export const maxLimit = 200

/** A whole number in a query string. */
const digits = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'A whole number.')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `Between ${min} and ${max}.`)

/** `limit` and `cursor` of every list. */
export const paging = {
  limit: digits(1, maxLimit).default(defaultLimit),
  cursor: z
    .string()
    .max(200)
    .refine((text) => /^[\w-]+$/.test(text) && /^[\w-]{1,80}$/.test(keyOf(text)), 'Not a cursor of ours.')
    .optional(),
}

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** What a cursor hides: the key of the last item that was sent. */
export const cursorOf = (key: string) => Buffer.from(key).toString('base64url')
export const keyOf = (cursor: string) => Buffer.from(cursor, 'base64url').toString()

/** Cuts a list that was read with `limit + 1` into a page. */
export function toPage<T>(
  rows: T[],
  limit: number,
  key: (row: T) => string,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? cursorOf(key(last)) : null }
}
