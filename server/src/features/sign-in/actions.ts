import { randomBytes } from 'node:crypto'
import { type BetterAuth, configureBetterAuth } from '../../auth/better-auth.ts'
import { cookiePrefix, cookiesForNewestSecret } from '../../auth/cookies.ts'
import { createGuardedDatabase, guardWrites } from '../../auth/guarded-writes.ts'
import type { PasswordHashing } from '../../auth/passwords.ts'
import { createJobAuthority } from '../../db/authority.ts'
import type { Change, Database, Forget } from '../../db/change.ts'
import type { Limiter } from '../../db/limiter.ts'
import type { Lookups } from '../../db/lookups.ts'
import type { People, Person } from '../../db/people.ts'
import type { Instance, Log, Outbox, Passwords, RequestFacts, Sessions, World } from '../../kernel/deps.ts'
import { canonicalizeEmail } from '../../kernel/emails.ts'
import { limits } from '../../kernel/limits.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { createPersonComposers, mailPerson, type SecurityChange } from '../../mail/person-mails.ts'
import type { MailQueue } from '../../mail/queue.ts'
import type { Actor, AuditEntry } from '../audit/rules.ts'
import { channelOfReset, resetProvesAddress, shownResetPrefix } from '../people/rules.ts'
import { resetLinkSeconds } from './rules.ts'
import {
  createGuard,
  deleteExpired,
  deletePendingOf,
  type GuardedTransaction,
  type GuardFacts,
  type GuardKind,
  markVerification,
  voidVerification,
} from './store.ts'

export interface SignInParts {
  db: Database
  change: Change
  lookups: Pick<Lookups, 'membershipsOf'>
  people: People
  limiter: Limiter
  instance: Instance
  /** The origins that the console is served from. */
  origins: readonly string[]
  /** Newest first. */
  secrets: readonly [string, ...string[]]
  hashing: PasswordHashing
  outbox: Outbox
  mailQueue: Pick<MailQueue, 'deliverMails'>
  log: Log
  world: World
}

export interface Session extends Person {
  sessionId: string
  secondFactor: boolean
}

export type SignIn = ReturnType<typeof buildSignIn>

/** Sign-in: Better Auth behind our own doors. What can be reached of it over HTTP is declared in `routes.ts`. */
export function buildSignIn(parts: SignInParts) {
  const { db, people, instance, log } = parts
  const pending = new Set<Promise<void>>()
  const guardedDb = createGuardedDatabase(db)

  /** After the answer: nobody waits for it, so how long it takes tells nobody anything; a failure goes to the log. */
  const later = (what: string, work: () => Promise<void>): void => {
    const running = new Promise((answered) => setImmediate(answered))
      .then(work)
      .catch((error: unknown) => log.error({ what, ...briefly(error) }, 'something that follows an answer failed'))
      .finally(() => pending.delete(running))
    pending.add(running)
  }

  const auth = configureBetterAuth(parts)

  const composers = createPersonComposers({
    people,
    instance,
    openResetLink: async (person, mailId) => {
      await voidVerification(db, mailId)
      const { id, url } = await openResetLink(auth, instance, { userId: person.id, prefix: '' })
      await markVerification(db, { id, mailId })
      return url
    },
  })

  const prefix = cookiePrefix(instance.publicUrl)
  const sessionCookie = new RegExp(`(?:^|;)\\s*${prefix}\\.session_token=`)
  const carriesSession = (headers: Headers) => sessionCookie.test(headers.get('cookie') ?? '')
  const cookiesOf = (headers: Headers) => cookiesForNewestSecret(headers, prefix, parts.secrets)

  /** Whose session a request carries. Reads only: a session rolls on at `GET /api/auth/get-session`. */
  async function currentSession(headers: Headers): Promise<Session | undefined> {
    if (!carriesSession(headers)) return undefined
    const found = await auth.api
      .getSession({ headers: new Headers({ cookie: cookiesOf(headers) ?? '' }), query: { disableRefresh: true } })
      // Better Auth wraps what the database said; the doors must see it to tell "away" from "broken".
      .catch((error: { cause?: unknown }) => Promise.reject(error.cause ?? error))
    if (!found) return undefined
    const { session, user } = found
    const secondFactor = user.twoFactorEnabled === true
    return { id: user.id, name: user.name, email: user.email, sessionId: session.id, secondFactor }
  }

  const passwords: Passwords = { hash: async (password) => (await auth.$context).password.hash(password) }
  const sessions: Sessions = {
    start: async (userId, headers) => {
      const { headers: answer } = await auth.api.startSession({ body: { userId }, headers, returnHeaders: true })
      return answer.getSetCookie()
    },
  }

  return {
    ...parts,
    auth,
    later,
    carriesSession,
    cookiesOf,
    currentSession,
    passwords,
    sessions,
    composers,

    /** Does what Better Auth does for a request, unless the guard refuses its first write. */
    guarded: async <T>(
      kind: GuardKind | undefined,
      facts: GuardFacts,
      work: (transaction: GuardedTransaction) => Promise<T>,
    ) => {
      const otherSessionIds: string[] = []
      const guard = kind && (await createGuard(parts, kind, { ...facts, otherSessionIds }))
      const run = () => work({ db: guardedDb, otherSessionIds })
      return guard ? guardWrites(db, guard, run) : { ok: true as const, value: await run(), wrote: false }
    },

    /** The session as the doorkeeper wants it. */
    sessionOf: async (headers: Headers) => {
      const session = await currentSession(headers)
      return session && { userId: session.id, sessionId: session.sessionId, name: session.name, email: session.email }
    },

    /** Resolves when all that follows earlier answers is done: before a stop, and in tests. */
    settled: async () => {
      while (pending.size > 0) await Promise.all(pending)
    },

    /** Forgets windows, links and sessions that have run out. */
    sweep: () => deleteExpired(db, new Date(), longestWindowSeconds),

    /** Mails a link for a new password to the person with this address, if there is one. */
    mailResetLink: async (email: string): Promise<void> => {
      const person = await people.byEmail(email)
      if (person) await mailPerson(parts, person, { kind: 'password_reset' })
    },

    /**
     * For the operator: a one-time link to choose a new password. It works for an hour; using it ends all sessions of
     * that person.
     */
    resetPassword: async (email: string): Promise<Result<{ url: string; expiresAt: Date }, 'not_found'>> => {
      const person = await people.byEmail(canonicalizeEmail(email))
      if (!person) return refuse('not_found', { detail: 'Nobody signs in with this email address.' })
      const { url, expiresAt } = await openResetLink(auth, instance, { userId: person.id, prefix: shownResetPrefix })
      return ok({ url, expiresAt })
    },
  }
}

const longestWindowSeconds = Math.max(...Object.values(limits).map(({ seconds }) => seconds))

const resetUrl = (instance: Instance, token: string) => `${instance.publicUrl}/reset-password?token=${token}`

async function openResetLink(auth: BetterAuth, instance: Instance, link: { userId: string; prefix: string }) {
  const token = `${link.prefix}${randomBytes(24).toString('hex')}`
  // Better Auth compares with the machine's clock, so this one is not `world.now`.
  const expiresAt = new Date(Date.now() + resetLinkSeconds * 1000)
  const { internalAdapter } = await auth.$context
  const identifier = `reset-password:${token}`
  const { id } = await internalAdapter.createVerificationValue({ identifier, value: link.userId, expiresAt })
  return { id, url: resetUrl(instance, token), expiresAt }
}

/** Whom an open link for a new password belongs to. */
export async function personOfResetLink({ auth, people }: SignIn, token: string): Promise<Person | undefined> {
  const { internalAdapter } = await auth.$context
  const found = await internalAdapter.findVerificationValue(`reset-password:${token}`)
  return found && found.expiresAt > new Date() ? people.byId(found.value) : undefined
}

/** Who has given the password and owes the second factor. */
export async function challengedPerson({ auth, people, cookiesOf }: SignIn, headers: Headers) {
  const { userId } = await auth.api.challenged({ headers: new Headers({ cookie: cookiesOf(headers) ?? '' }) })
  return userId === null ? undefined : people.byId(userId)
}

/** ASVS 5.0 §6.5.1: a code of an authenticator opens once. False when it was shown before. */
export async function claimCode({ auth }: SignIn, userId: string, code: string): Promise<boolean> {
  const { internalAdapter } = await auth.$context
  const expiresAt = new Date(Date.now() + codeMemorySeconds * 1000)
  return internalAdapter.reserveVerificationValue({ identifier: `totp:${userId}:${code}`, value: 'used', expiresAt })
}

/** A code is good for one step of 30 seconds before and after its own. */
const codeMemorySeconds = 120

/** What may be said of an error: nothing that somebody typed, and no address. */
const briefly = (error: unknown) => {
  const { name, code, responseCode, command } = error as Record<string, unknown>
  return { error: name, code, responseCode, command }
}

/* What follows an answer (A1): an event in each organization of that person. */

interface Told {
  entry: Omit<AuditEntry, 'target'>
  /** Left out: the person themselves. */
  actor?: Actor
  /** What processes hold of the member and must ask for again. */
  forget?: true
}

async function tellOrganizations({ change, lookups, world }: SignIn, person: Person, facts: RequestFacts, told: Told) {
  for (const { organizationId, accountId } of await lookups.membershipsOf(person.id)) {
    const member = { kind: 'member' as const, id: accountId, name: person.name }
    const forget: Forget[] = told.forget ? [{ kind: 'account', id: accountId }] : []
    const authority = createJobAuthority('sign-in events')
    const by = { organizationId, actor: told.actor ?? member, authority, at: world.now(), ...facts }
    const event: AuditEntry = { ...told.entry, target: member }
    await change(by, async () => ({ ok: true, value: undefined, events: [event], forget }))
  }
}

const anonymous: Actor = { kind: 'anonymous', id: null, name: '' }

export type Factor = 'password' | 'totp' | 'backup_code'

/** A1: a sign-in that succeeded, with the factor that completed it. */
export const tellSignedIn = (it: SignIn, person: Person, facts: RequestFacts, factor: Factor) =>
  tellOrganizations(it, person, facts, { entry: { action: 'session.signed_in', after: { factor } } })

/** A1: a sign-in that was refused; one of an unknown email goes to the service's log alone, without the address. */
export async function tellRefused(it: SignIn, person: Person | undefined, facts: RequestFacts, factor: Factor) {
  if (!person) it.log.info({ ...facts, factor }, 'a sign-in of an unknown person was refused')
  else
    await tellOrganizations(it, person, facts, {
      actor: anonymous,
      entry: { action: 'session.refused', after: { factor } },
    })
}

/** ASVS 5.0 §6.3.7: whoever's credentials change is told, and their organizations' audit logs too. */
export async function tellChanged(it: SignIn, person: Person, facts: RequestFacts, action: SecurityChange) {
  await tellOrganizations(it, person, facts, { entry: { action } })
  if (!it.outbox.configured || !(await it.limiter.take('security_notice', person.id)).ok) return
  await mailPerson(it, person, { kind: 'security_notice', details: { change: action } })
}

/** A name that the person changed themselves. */
export const tellRenamed = (it: SignIn, person: Person, facts: RequestFacts, name: string) =>
  tellOrganizations(it, { ...person, name }, facts, {
    entry: { action: 'member.renamed', before: { name: person.name }, after: { name } },
    forget: true,
  })

/** O11: a password chosen by a mailed link proves the address, unless a second factor is on. */
export async function proveByReset({ people, world }: SignIn, { email }: Person, token: string): Promise<void> {
  const person = await people.stateByEmail(email)
  const { hasSecondFactor } = person ?? { hasSecondFactor: true }
  if (person && resetProvesAddress({ channel: channelOfReset(token), hasSecondFactor }))
    await people.proveAddress(person.id, world.now())
}

/** After a new password: no other link, and no half-finished sign-in, opens anything. */
export const voidPending = ({ db }: Pick<SignIn, 'db'>, person: Person) => deletePendingOf(db, person.id)
