import { hash } from 'node:crypto'
import { kyselyAdapter } from '@better-auth/kysely-adapter'
import { createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { betterAuth } from 'better-auth/minimal'
import { twoFactor } from 'better-auth/plugins/two-factor'
import * as z from 'zod'
import type { Database } from '../db/change.ts'
import { resetLinkSeconds, rolledSessionEnd, sessionSeconds, sessionsPerPerson } from '../features/sign-in/rules.ts'
import type { Instance, Log, World } from '../kernel/deps.ts'
import type { IdPrefix } from '../kernel/ids.ts'
import { cookiePrefix } from './cookies.ts'
import { createGuardedDatabase } from './guarded-writes.ts'
import type { PasswordHashing } from './passwords.ts'
import { signInEndpoint } from './sign-in-endpoint.ts'

/** Where our server tells who the client is; whatever a client sends under this name is dropped before. */
export const clientAddressHeader = 'x-portcullis-client'
export const basePath = '/api/auth'

export interface BetterAuthParts {
  db: Database
  /** Newest first. */
  secrets: readonly [string, ...string[]]
  instance: Instance
  origins: readonly string[]
  world: Pick<World, 'newId'>
  log: Log
  hashing: PasswordHashing
}

const idPrefixes: Record<string, IdPrefix> = {
  user: 'usr',
  session: 'ses',
  account: 'crd',
  verification: 'ver',
  twoFactor: 'fac',
}

/**
 * Encrypted second factors carry the number of the secret that encrypted them, so a number must belong to its secret
 * for good, wherever it stands in PORTCULLIS_SECRET. 48 bits of a hash tell nothing of a secret of 32 characters.
 */
const numbered = (value: string) => ({
  version: Number.parseInt(hash('sha256', `portcullis secret number\n${value}`, 'hex').slice(0, 12), 16),
  value,
})

const times = { createdAt: 'created_at', updatedAt: 'updated_at' }

/** Better Auth's models and fields in our spelling (`db/tables.ts`). */
const models = {
  user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...times } },
  session: {
    modelName: 'sessions',
    fields: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent', ...times },
  },
  account: {
    modelName: 'user_credentials',
    fields: {
      userId: 'user_id',
      accountId: 'account_id',
      providerId: 'provider_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      ...times,
    },
  },
  verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', ...times } },
  twoFactor: {
    modelName: 'two_factors',
    fields: {
      userId: 'user_id',
      backupCodes: 'backup_codes',
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
} as const

/** Endpoints of our own. All but the sign-in have no path, so they cannot be reached over HTTP. */
const doors = {
  id: 'portcullis',
  endpoints: {
    signInEmail: signInEndpoint,
    /** Signs a person in who has just proved themselves by other means (an invitation, the set-up link). */
    startSession: createAuthEndpoint.serverOnly(
      { method: 'POST', body: z.object({ userId: z.string() }), requireHeaders: true },
      async (ctx) => {
        const user = await ctx.context.internalAdapter.findUserById(ctx.body.userId)
        if (!user) throw new Error('A session was asked for a person who does not exist.')
        const session = await ctx.context.internalAdapter.createSession(user.id)
        await setSessionCookie(ctx, { session, user })
        return ctx.json(null)
      },
    ),
    /** Who has given a password and owes the second factor, by their cookie. */
    challenged: createAuthEndpoint.serverOnly({ method: 'POST', requireHeaders: true }, async (ctx) => {
      const { name } = ctx.context.createAuthCookie('two_factor')
      const challenge = await ctx.getSignedCookie(name, ctx.context.secret)
      const found = challenge ? await ctx.context.internalAdapter.findVerificationValue(challenge) : null
      return ctx.json({ userId: found?.value ?? null })
    }),
  },
}

/** A person has so many sessions at most; the oldest ends, so that nobody fills the table by signing in. (S4) */
async function endOldestSessions(db: Database, { id, userId }: { id: string; userId: string }): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', userId)
        .where('id', '!=', id)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1000)
        .offset(sessionsPerPerson - 1),
    )
    .execute()
}

export type BetterAuth = ReturnType<typeof configureBetterAuth>

/** Better Auth on our tables: passwords, sessions, second factors. What of it can be reached is `routes.ts`' business. */
export function configureBetterAuth(parts: BetterAuthParts) {
  const { db, secrets, instance, origins, world, log, hashing } = parts
  const https = instance.publicUrl.startsWith('https:')
  const guarded = createGuardedDatabase(db)
  return betterAuth({
    appName: instance.productName,
    baseURL: instance.publicUrl,
    basePath,
    secrets: secrets.map(numbered),
    database: kyselyAdapter(guarded, { type: 'postgres', transaction: true }),
    trustedOrigins: [...origins],
    user: models.user,
    account: { ...models.account, accountLinking: { enabled: false } },
    // Only hashes of links and challenges are stored: whoever reads the table can use none of them.
    verification: { ...models.verification, storeIdentifier: 'hashed' },
    session: {
      ...models.session,
      expiresIn: sessionSeconds.idle,
      updateAge: sessionSeconds.rolledEvery,
      // Listing one's sessions asks for no fresh sign-in; what changes anything asks for the password.
      freshAge: 0,
    },
    databaseHooks: {
      session: {
        create: { after: (session) => endOldestSessions(guarded, session) },
        update: {
          before: async (session, ctx) => {
            const startedAt = ctx?.context.session?.session.createdAt
            if (!startedAt || !session.expiresAt) return
            return { data: { ...session, expiresAt: rolledSessionEnd(startedAt, session.expiresAt) } }
          },
        },
      },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      autoSignIn: false,
      // Characters are counted by `mayUsePassword`; these are UTF-16 units, only to keep the absurd away from scrypt.
      minPasswordLength: 12,
      maxPasswordLength: 512,
      password: hashing,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: resetLinkSeconds,
    },
    plugins: [
      twoFactor({
        issuer: instance.productName,
        schema: { user: { fields: { twoFactorEnabled: 'two_factor_enabled' } }, twoFactor: models.twoFactor },
      }),
      doors,
    ],
    // Ours are per address and per person (`limits`); Better Auth's know addresses alone.
    rateLimit: { enabled: false },
    advanced: {
      cookiePrefix: cookiePrefix(instance.publicUrl),
      // Its own prefix would be `__Secure-`; ours asks for more, and the flags are set by hand.
      useSecureCookies: false,
      defaultCookieAttributes: { secure: https, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
      // Said out loud, since Better Auth turns both checks off under a test runner.
      disableCSRFCheck: false,
      disableOriginCheck: false,
      // With joins a person is looked for in one question, found or not: the second one would tell by its time.
      database: {
        generateId: ({ model }) => world.newId(idPrefixes[model] ?? 'ver'),
        joins: true,
        validateSchema: false,
      },
    },
    // What it throws is answered, and told to our log, by the mount.
    onAPIError: { throw: true },
    telemetry: { enabled: false },
    // Texts of its own alone: what follows them may hold what somebody typed.
    logger: { level: 'warn', disableColors: true, log: (level, message) => tell(log, level, message) },
  })
}

const tell = (log: Log, level: string, message: unknown) => {
  const text = typeof message === 'string' ? message : 'Better Auth'
  // A refused password is told by the mount, with the request's id; here it would be noise that names nobody.
  if (level === 'error') log.error({ from: 'better-auth' }, text)
}
