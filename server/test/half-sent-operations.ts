import { readFileSync } from 'node:fs'
import type { AnyRoute } from '../src/http/route.ts'
import { routes } from '../src/routes.ts'
import type { Prepared } from './half-sent-client.ts'
import type { HalfSentWorld } from './half-sent-world.ts'
import { type As, type Member, password } from './harness.ts'
import { type Cell, table } from './route-table.ts'
import { codeOf, cookiesOf, freshSession } from './sign-in.ts'

/** An operation of openapi.json that may change something. */
export interface Operation {
  id: string
  method: string
  path: string
  hasBody: boolean
}

interface OpenApiOperation {
  operationId: string
  requestBody?: unknown
}

const changingMethods = ['post', 'put', 'patch', 'delete']

const document: { paths: Record<string, Record<string, OpenApiOperation>> } = JSON.parse(
  readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'),
)

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([method]) => changingMethods.includes(method))
    .map(([method, { operationId, requestBody }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      hasBody: requestBody !== undefined,
    })),
)

const routeById = new Map<string, AnyRoute>(routes.map((route) => [route.id, route]))

/** Operations that change nothing on behalf of a caller, or whose right is not a caller's, and why. */
export const exempt: Record<string, string> = {
  getSettingsImpact: 'It only reads.',
  getChangeImpact: 'It only reads.',
  discoverOAuthProvider: 'It only fetches.',
  checkToken: 'It only reads.',
  refreshProviderKeys: 'It only fetches; what is fetched is stored by the service itself.',
  introspect: 'It only reads, and the resource key is configuration.',
  evaluateFlags: 'It only reads.',
  evaluateFlag: 'It only reads.',
  reportUses: 'The resource key is configuration; no request takes it away.',
  signOut: 'It ends the session that it is called with.',
  signInEmail: 'The password is the credential: see half-sent-sign-in.test.ts.',
  twoFactorVerifyBackupCode: 'The challenge is the credential: see half-sent-sign-in.test.ts.',
  requestPasswordReset: 'Anybody may ask.',
  resetPassword: 'The link is the credential: see half-sent-sign-in.test.ts.',
  acceptInvitation: 'The link is the credential: see rights-under-lock.test.ts.',
  startAfresh: 'The link is the credential, as for acceptInvitation.',
  completeSetup: 'The link is the credential, and it works only while there is no organization.',
}

export type Audience = 'account' | 'admin' | 'group_manager'

/** Who may call an operation of the management API inside an organization; undefined for every other operation. */
export function audienceOf({ id }: Operation): Audience | undefined {
  const who = routeById.get(id)?.who
  return who === 'account' || who === 'admin' || who === 'group_manager' ? who : undefined
}

export const managementOperations = operations.filter((operation) => audienceOf(operation) && !exempt[operation.id])

const inMinutes = (world: HalfSentWorld, minutes: number) =>
  new Date(world.app.clock.now.getTime() + minutes * 60_000).toISOString()

/** For whom a request is prepared, without its credential: a token that was used is remembered, and not looked up again. */
interface Preparing {
  accountId: string
  person?: Member
}

/** Requests that differ from the route table's: what a caller with any credential may do with its own tokens. */
const ownCells: Record<string, (world: HalfSentWorld, caller: Preparing) => Promise<Cell>> = {
  createToken: async (world) => ({ body: { name: 'mine', expiresAt: inMinutes(world, 5) } }),
  refreshToken: async (world, { person, accountId }) => {
    const { org } = world.stage
    const expiresAt = inMinutes(world, 5)
    const made = await (person
      ? org.newToken(person, { expiresAt })
      : org.newToken(org.admin, { accountId, expiresAt }))
    return { path: { id: made.id }, body: { expiresAt } }
  },
}

/** A valid request for an operation of the management API, with objects made for it alone. */
export async function prepareManagement(
  world: HalfSentWorld,
  operation: Operation,
  caller: Preparing,
): Promise<Prepared> {
  const { stage, app } = world
  const own = ownCells[operation.id]
  const cell: Cell = own ? await own(world, caller) : ((await table[operation.id]?.ask?.(stage, app, 'admin')) ?? {})
  const parameters: Record<string, string> = { org: stage.org.id, ...cell.path }
  return {
    method: operation.method,
    path: operation.path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? '') + (cell.query ?? ''),
    ...(operation.hasBody && { body: cell.body ?? {} }),
    ...(cell.headers && { headers: cell.headers }),
  }
}

/** A person in the organization, with a session that a test may use up. */
export interface SignedIn {
  person: Member
  session: { cookie: string }
}

interface SignInRecipe {
  /** How often the session is looked up before Better Auth does so for the operation itself. */
  earlierLookups: number
  prepare: (world: HalfSentWorld, signedIn: SignedIn) => Promise<unknown>
  /** What the operation would have changed, as JSON. */
  readState: (world: HalfSentWorld, signedIn: SignedIn) => Promise<unknown>
}

const post = (world: HalfSentWorld, path: string, as: As, body: unknown) =>
  world.app.call('POST', `/api/auth/${path}`, { as, body })

const readPerson = async ({ app }: HalfSentWorld, { person }: SignedIn) => {
  const { password: hash } = await app.signIn.db
    .selectFrom('user_credentials')
    .select('password')
    .where('user_id', '=', person.userId)
    .executeTakeFirstOrThrow()
  const user = await app.signIn.db
    .selectFrom('users')
    .select(['name', 'two_factor_enabled'])
    .where('id', '=', person.userId)
    .executeTakeFirstOrThrow()
  const factors = await app.signIn.db
    .selectFrom('two_factors')
    .select('secret')
    .where('user_id', '=', person.userId)
    .execute()
  const sessions = await app.signIn.db
    .selectFrom('sessions')
    .select('token')
    .where('user_id', '=', person.userId)
    .orderBy('token')
    .execute()
  return { hash, user, factors, sessions }
}

const recipe = (prepare: SignInRecipe['prepare'], earlierLookups = 1): SignInRecipe => ({
  prepare,
  earlierLookups,
  readState: readPerson,
})

/** Returns a code that was not used. */
async function enableSecondFactor(world: HalfSentWorld, signedIn: SignedIn): Promise<string> {
  const made = await post(world, 'two-factor/enable', signedIn.session, { password })
  const verified = await post(world, 'two-factor/verify-totp', signedIn.session, { code: codeOf(made.body.totpURI) })
  if (verified.status !== 200) throw new Error(JSON.stringify(verified.body))
  const cookie = cookiesOf(verified.headers)
  if (cookie !== '') signedIn.session = { cookie }
  return codeOf(made.body.totpURI, 1)
}

/** Sign-in's operations that act for the session which they are called with. */
export const signInRecipes: Record<string, SignInRecipe> = {
  revokeSession: recipe(async ({ app }, { person }) => {
    const victim = await freshSession(app, person.email)
    const token = decodeURIComponent(victim.cookie.split('=')[1] ?? '').split('.')[0]
    return { token }
  }),
  revokeOtherSessions: recipe(async () => ({})),
  updateUser: recipe(async () => ({ name: 'Somebody Else' })),
  changePassword: recipe(async () => ({
    currentPassword: password,
    newPassword: 'an entirely different passphrase',
    revokeOtherSessions: true,
  })),
  twoFactorEnable: recipe(async () => ({ password })),
  twoFactorDisable: recipe(async (world, signedIn) => {
    const code = await enableSecondFactor(world, signedIn)
    return { password, code }
  }, 2),
  twoFactorVerifyTotp: recipe(async (world, { session }) => {
    const made = await post(world, 'two-factor/enable', session, { password })
    return { code: codeOf(made.body.totpURI) }
  }),
}

export const signInOperations = operations.filter(({ id }) => Object.hasOwn(signInRecipes, id))
