import { Problem } from '../api'

/** Sign-in and the person's own account go through Better Auth's routes, which keep their own shapes. */
async function call<T>(path: string, body?: Record<string, unknown>): Promise<T> {
  const response = await fetch(`/api/auth/${path}`, {
    method: body ? 'POST' : 'GET',
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  }).catch(() => undefined)
  if (!response) throw new Problem(0, undefined)
  const said = await response.json().catch(() => undefined)
  if (!response.ok)
    throw new Problem(
      response.status,
      said,
      response.headers.get('retry-after') ?? response.headers.get('x-retry-after'),
    )
  return said as T
}

export type Session = {
  id: string
  token: string
  createdAt: string
  updatedAt: string
  ipAddress?: string | null
  userAgent?: string | null
}
export type TwoFactorSecret = { totpURI: string; backupCodes: string[] }

export const signIn = (email: string, password: string) =>
  call<{ twoFactorRedirect?: boolean }>('sign-in/email', { email, password })
export const signOut = () => call('sign-out', {})
export const verifyCode = (code: string) => call('two-factor/verify-totp', { code })
export const verifyBackupCode = (code: string) => call('two-factor/verify-backup-code', { code })
export const requestPasswordReset = (email: string) =>
  call('request-password-reset', { email, redirectTo: '/reset-password' })
export const resetPassword = (token: string, newPassword: string) => call('reset-password', { token, newPassword })
export const getSession = () => call<{ session: Session; user: { twoFactorEnabled?: boolean } } | null>('get-session')
export const listSessions = () => call<Session[]>('list-sessions')
export const revokeSession = (token: string) => call('revoke-session', { token })
export const revokeOtherSessions = () => call('revoke-other-sessions', {})
export const updateName = (name: string) => call('update-user', { name })
export const changePassword = (currentPassword: string, newPassword: string) =>
  call('change-password', { currentPassword, newPassword, revokeOtherSessions: true })
export const enableTwoFactor = (password: string) => call<TwoFactorSecret>('two-factor/enable', { password })
export const disableTwoFactor = (password: string, code: string) => call('two-factor/disable', { password, code })
