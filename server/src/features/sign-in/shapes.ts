import * as z from 'zod'
import { emailAddress, nameText, sentTime } from '../../http/shapes.ts'

/** A password as it was typed; whether a new one is good enough is for `mayUsePassword` to say. */
const password = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => text.isWellFormed(), 'Not a text.')

const oneTime = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'Not valid.')

export const signIn = z.strictObject({ email: emailAddress(), password })
export const nothing = z.strictObject({})
export const revokeSession = z.strictObject({ token: oneTime })
export const changePassword = z.strictObject({
  currentPassword: password,
  newPassword: password,
  revokeOtherSessions: z.boolean().optional(),
})
/** Where the link leads is ours to say; clients of Better Auth send `redirectTo`, and it is left unread. */
export const forgotten = z.strictObject({ email: emailAddress(), redirectTo: z.string().max(2000).optional() })
export const resetPassword = z.strictObject({ token: oneTime, newPassword: password })
export const updateUser = z.strictObject({ name: nameText(100) })
export const withPassword = z.strictObject({ password })
/** Of an authenticator or a backup code; needed where the second factor is on. */
export const disableSecondFactor = z.strictObject({
  password,
  code: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9-]{1,40}$/, 'Not a code.')
    .optional(),
})
export const totpCode = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'Six digits.') })
export const backupCode = z.strictObject({
  code: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9-]{1,40}$/, 'Not a backup code.'),
})

/* What Better Auth answers. It may add members, so these describe the ones that clients can rely on. */

const person = z.looseObject({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  twoFactorEnabled: z.boolean().nullable().optional(),
})

const session = z.looseObject({
  id: z.string(),
  token: z.string().describe('Names the session when it is to be ended; it is no credential.'),
  userId: z.string(),
  createdAt: sentTime(),
  expiresAt: sentTime(),
  ipAddress: z.string().nullable().optional(),
  userAgent: z.string().nullable().optional(),
})

const status = z.looseObject({ status: z.literal(true) })

/** Without a token where another session or none was begun. */
const signedIn = z.looseObject({ token: z.string().nullable().optional(), user: person })

export const replies = {
  signIn: z.union([
    signedIn,
    z.looseObject({ twoFactorRedirect: z.literal(true), twoFactorMethods: z.array(z.string()) }),
  ]),
  signedIn,
  signOut: z.looseObject({ success: z.boolean() }),
  session: z.looseObject({ session, user: person }).nullable(),
  sessions: z.array(session),
  status,
  linkSent: status.extend({ message: z.string() }),
  authenticator: z.looseObject({ totpURI: z.string(), backupCodes: z.array(z.string()) }).meta({
    examples: [{ totpURI: 'otpauth://totp/Example:ada@example.com?secret=EXAMPLE', backupCodes: ['a1b2c-d3e4f'] }],
  }),
}
