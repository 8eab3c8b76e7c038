import type { Answered, Asked, AuthRefusal, SignInRoute } from '../../http/sign-in-route.ts'
import {
  challengedPerson,
  claimCode,
  type Factor,
  personOfResetLink,
  proveByReset,
  type SignIn,
  tellChanged,
  tellRefused,
  tellRenamed,
  tellSignedIn,
  voidPending,
} from './actions.ts'
import { passwordFault } from './rules.ts'
import * as shapes from './shapes.ts'
import { deleteSessions } from './store.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The rules of a new password, for whoever is about to get it. */
async function withGoodPassword(_: SignIn, { body, person }: Asked): Promise<AuthRefusal | undefined> {
  const fault = person && passwordFault(text(body.newPassword), person)
  return fault && { status: 400, ...fault }
}

const owesFactor = ({ body }: Answered) => typeof body === 'object' && body !== null && 'twoFactorRedirect' in body

/** A1, for the password; with a second factor owed nobody is signed in yet. */
async function tellPassword(signIn: SignIn, { body, facts }: Asked, answered: Answered): Promise<void> {
  if (owesFactor(answered) || ![200, 401].includes(answered.status)) return
  const person = await signIn.people.byEmail(text(body.email))
  if (answered.status === 401) await tellRefused(signIn, person, facts, 'password')
  else if (person) await tellSignedIn(signIn, person, facts, 'password')
}

/** A1, for a second factor: it completes a sign-in, or shows that the authenticator was set up. */
const tellFactor =
  (factor: Factor) =>
  async (signIn: SignIn, { person, session, facts }: Asked, { status }: Answered): Promise<void> => {
    if (!person) return
    if (session) {
      if (status === 200 && !session.secondFactor) await tellChanged(signIn, person, facts, 'second_factor.enabled')
    } else if (status === 200) await tellSignedIn(signIn, person, facts, factor)
    else await tellRefused(signIn, person, facts, factor)
  }

const challenged: SignInRoute['personOf'] = (signIn, { headers }) => challengedPerson(signIn, headers)

/** What Better Auth says of a wrong code, also said of one that was used before. */
async function withUnusedCode(signIn: SignIn, { person, body }: Asked): Promise<AuthRefusal | undefined> {
  if (!person || (await claimCode(signIn, person.id, text(body.code)))) return undefined
  return { status: 401, code: 'INVALID_CODE', message: 'Invalid code' }
}

/** A1: a name that is so already is no change, and has no event. */
async function withoutChange(_: SignIn, { session, body }: Asked): Promise<{ status: 200; body: object } | undefined> {
  return session !== undefined && session.name === text(body.name) ? { status: 200, body: { status: true } } : undefined
}

const whenDone =
  (work: (signIn: SignIn, asked: Asked & { person: NonNullable<Asked['person']> }) => Promise<unknown>) =>
  async (signIn: SignIn, asked: Asked, { status }: Answered): Promise<void> => {
    const { person } = asked
    if (status === 200 && person) await work(signIn, { ...asked, person })
  }

/** A code of the person's authenticator, or a backup code, which is spent. False when it is wrong or was used before. */
async function isCurrentCode(signIn: SignIn, { session, headers }: Asked, code: string): Promise<boolean> {
  const asked = { body: { code }, headers: new Headers({ cookie: signIn.cookiesOf(headers) ?? '' }) }
  const isOfAuthenticator = /^\d{6}$/.test(code)
  if (isOfAuthenticator && !(await claimCode(signIn, session?.id ?? '', code))) return false
  const { verifyTOTP, verifyBackupCode } = signIn.auth.api
  const verified = isOfAuthenticator ? verifyTOTP(asked) : verifyBackupCode(asked)
  return verified.then(
    () => true,
    (error: { statusCode?: number }) => (error.statusCode === 401 ? false : Promise.reject(error)),
  )
}

/** Whoever has an open session and the password must not take the second factor off. (S3) */
async function withSecondFactor(signIn: SignIn, asked: Asked): Promise<AuthRefusal | undefined> {
  const { session, body } = asked
  if (!session?.secondFactor) return undefined
  const message = 'Enter a code of your authenticator, or a backup code.'
  if (body.code === undefined) return { status: 400, code: 'CODE_REQUIRED', message }
  if (await isCurrentCode(signIn, asked, text(body.code))) return undefined
  return { status: 401, code: 'INVALID_CODE', message: 'Invalid code' }
}

/** A new password or factor ends every session but the one that changed it, stolen ones included (ASVS 5.0 §7.4.3). */
const endOthers: SignInRoute['inTransaction'] = async ({ db, otherSessionIds }, { session }, { status }) => {
  if (status === 200 && session) await deleteSessions(db, otherSessionIds)
}

/** The authenticator is on as soon as its first code was shown. */
const endOthersWhenEnabled: SignInRoute['inTransaction'] = async (transaction, asked, answered) => {
  if (asked.session?.secondFactor === false) await endOthers(transaction, asked, answered)
}

/** Half-finished sign-ins by the old password, and links. */
const voidPendingWhenDone: SignInRoute['inTransaction'] = async (transaction, { person }, { status }) => {
  if (status === 200 && person) await voidPending(transaction, person)
}

const noMail: AuthRefusal = {
  status: 400,
  code: 'RESET_PASSWORD_DISABLED',
  message: 'This service sends no mail. Ask whoever runs it for: portcullis admin reset-password',
}

const linkSent = { status: true, message: 'If this email exists in our system, check your email for the reset link' }

/**
 * Answers before it looks for the person, so that neither text nor time tells whether there is one; the mail follows.
 * Without mail everybody is sent to the operator alike.
 */
async function forgotten(signIn: SignIn, { body }: Asked): Promise<AuthRefusal | { status: 200; body: object }> {
  if (!signIn.outbox.configured) return noMail
  signIn.later('forgotten password', () => signIn.mailResetLink(text(body.email)))
  return { status: 200, body: linkSent }
}

/** Exactly what the console uses of Better Auth. */
export const signInRoutes: readonly SignInRoute[] = [
  {
    method: 'POST',
    path: '/sign-in/email',
    reply: shapes.replies.signIn,
    recognizes: true,
    remembers: true,
    summary: 'Sign in with email and password',
    guard: 'password',
    changes: true,
    body: shapes.signIn,
    limits: ['sign_in_from', 'sign_in_here', 'sign_in'],
    after: tellPassword,
  },
  {
    method: 'POST',
    path: '/two-factor/verify-totp',
    reply: shapes.replies.signedIn,
    remembers: true,
    summary: 'Complete a sign-in, or the set-up of an authenticator, with its code',
    guard: 'factor',
    changes: true,
    body: shapes.totpCode,
    personOf: challenged,
    limits: ['second_factor'],
    first: withUnusedCode,
    inTransaction: endOthersWhenEnabled,
    after: tellFactor('totp'),
  },
  {
    method: 'POST',
    path: '/two-factor/verify-backup-code',
    reply: shapes.replies.signedIn,
    remembers: true,
    summary: 'Complete a sign-in with a backup code',
    guard: 'factor',
    changes: true,
    body: shapes.backupCode,
    personOf: challenged,
    limits: ['second_factor'],
    after: tellFactor('backup_code'),
  },
  {
    method: 'POST',
    path: '/sign-out',
    reply: shapes.replies.signOut,
    summary: 'End this session',
    body: shapes.nothing,
  },
  {
    method: 'GET',
    path: '/get-session',
    reply: shapes.replies.session,
    summary: 'This session and its person; rolls the session on',
  },
  { method: 'GET', path: '/list-sessions', reply: shapes.replies.sessions, summary: 'All sessions of the person' },
  {
    method: 'POST',
    path: '/revoke-session',
    reply: shapes.replies.status,
    summary: 'End one session',
    body: shapes.revokeSession,
    guard: 'session',
  },
  {
    method: 'POST',
    path: '/revoke-other-sessions',
    reply: shapes.replies.status,
    summary: 'End all sessions but this',
    body: shapes.nothing,
    guard: 'session',
  },
  {
    method: 'POST',
    path: '/update-user',
    reply: shapes.replies.status,
    summary: 'Change the own name',
    guard: 'session',
    changes: true,
    body: shapes.updateUser,
    first: withoutChange,
    after: whenDone((signIn, { person, facts, body }) => tellRenamed(signIn, person, facts, text(body.name))),
  },
  {
    method: 'POST',
    path: '/change-password',
    reply: shapes.replies.signedIn,
    remembers: true,
    summary: 'Change the own password',
    guard: 'session',
    changes: true,
    body: shapes.changePassword,
    limits: ['password'],
    first: withGoodPassword,
    inTransaction: async (transaction, asked, answered) => {
      await voidPendingWhenDone(transaction, asked, answered)
      await endOthers(transaction, asked, answered)
    },
    after: whenDone((signIn, { person, facts }) => tellChanged(signIn, person, facts, 'password.changed')),
  },
  {
    method: 'POST',
    path: '/request-password-reset',
    reply: shapes.replies.linkSent,
    summary: 'Ask for a link to choose a new password',
    body: shapes.forgotten,
    limits: ['forgotten_from', 'forgotten'],
    countsAll: true,
    // Everybody is answered alike, so that no stranger keeps a person from asking; what is bounded is the mail. (S2)
    whenLimited: ({ outbox }) => (outbox.configured ? { status: 200, body: linkSent } : noMail),
    first: forgotten,
  },
  {
    method: 'POST',
    path: '/reset-password',
    reply: shapes.replies.status,
    summary: 'Choose a new password with a link',
    guard: 'link',
    body: shapes.resetPassword,
    personOf: (signIn, { body }) => personOfResetLink(signIn, text(body.token)),
    limits: ['reset_from'],
    first: withGoodPassword,
    inTransaction: voidPendingWhenDone,
    atOnce: whenDone((signIn, { person, body }) => proveByReset(signIn, person, text(body.token))),
    after: whenDone((signIn, { person, facts }) => tellChanged(signIn, person, facts, 'password.reset')),
  },
  {
    method: 'POST',
    path: '/two-factor/enable',
    reply: shapes.replies.authenticator,
    summary: 'Begin to set up an authenticator; it is on once a code was shown',
    guard: 'session',
    changes: true,
    body: shapes.withPassword,
    limits: ['password'],
  },
  {
    method: 'POST',
    path: '/two-factor/disable',
    reply: shapes.replies.status,
    summary: 'Turn the second factor off, with the password and a code',
    guard: 'session',
    changes: true,
    body: shapes.disableSecondFactor,
    limits: ['password', 'second_factor'],
    first: withSecondFactor,
    inTransaction: endOthers,
    after: whenDone((signIn, { person, facts }) => tellChanged(signIn, person, facts, 'second_factor.disabled')),
  },
]
