import * as z from 'zod'
import { emailAddress, nameText } from '../../http/shapes.ts'

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
