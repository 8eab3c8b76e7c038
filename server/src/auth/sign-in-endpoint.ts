import { APIError, createAuthEndpoint, formCsrfMiddleware } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { parseUserOutput } from 'better-auth/db'
import * as z from 'zod'

const refuse = () =>
  APIError.from('UNAUTHORIZED', { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' })

/**
 * Takes the place of Better Auth's endpoint under the same path and name, since that one refuses addresses beyond ASCII.
 * The path keeps the hook that asks for the second factor. The address was checked and made canonical before.
 */
export const signInEndpoint = createAuthEndpoint(
  '/sign-in/email',
  { method: 'POST', body: z.object({ email: z.string(), password: z.string() }), use: [formCsrfMiddleware] },
  async (ctx) => {
    const { internalAdapter, password: hashing } = ctx.context
    const { email, password } = ctx.body
    const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true })
    const credential = found?.accounts.find(
      ({ providerId, accountId }) => providerId === 'credential' && accountId === found.user.id,
    )
    if (!found || !credential?.password) {
      // An unknown address costs as much time as a wrong password, so that the time does not tell which it was.
      await hashing.hash(password)
      throw refuse()
    }
    if (!(await hashing.verify({ hash: credential.password, password }))) throw refuse()
    const { user } = found
    const session = await internalAdapter.createSession(user.id)
    await setSessionCookie(ctx, { session, user })
    return ctx.json({ redirect: false, token: session.token, user: parseUserOutput(ctx.context.options, user) })
  },
)
