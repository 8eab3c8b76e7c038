import { randomUUID } from 'node:crypto'
import type { Audience } from './half-sent-operations.ts'
import type { HalfSentWorld } from './half-sent-world.ts'
import { type As, type Member, password } from './harness.ts'

/** Who calls, and what a test needs to take the right away. */
export interface Actor {
  as: As
  accountId: string
  person?: Member
  tokenId?: string
  mappingId?: string
  providerId?: string
}

/** One way to take a right away through the public API, and what a request that comes afterwards is answered. */
export interface Deprivation {
  title: string
  apply: (world: HalfSentWorld, actor: Actor) => Promise<unknown>
  /** The status for operations of each audience; left out: these operations stay allowed. */
  expected: Partial<Record<Audience, number>>
  /** The same for operations without a body, where it differs. */
  expectedWithoutBody?: Partial<Record<Audience, number>>
}

export interface ActorKind {
  title: string
  create: (world: HalfSentWorld) => Promise<Actor>
  /** The audiences whose operations this actor may call. */
  audiences: readonly Audience[]
  deprivations: readonly Deprivation[]
}

const everybody = (status: number) => ({ account: status, admin: status, group_manager: status })

/** Calls as the organization's admin; what is refused is a mistake of the test. */
async function callAsAdmin({ app, stage }: HalfSentWorld, method: string, path: string, body?: unknown) {
  const answer = await app.call(method, `${stage.org.path}${path}`, { as: stage.org.admin, body })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function callSignIn({ app }: HalfSentWorld, path: string, as: As | undefined, body: unknown) {
  const answer = await app.call('POST', `/api/auth/${path}`, { as, body })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
}

const newPassword = 'an entirely different passphrase'

const isRemoved = (expected: Deprivation['expected']): Deprivation => ({
  title: 'the member is removed',
  apply: (world, { accountId }) => callAsAdmin(world, 'DELETE', `/members/${accountId}`),
  expected,
})

const isDemoted: Deprivation = {
  title: 'the admin is demoted',
  apply: (world, { accountId }) => callAsAdmin(world, 'PATCH', `/members/${accountId}`, { role: 'member' }),
  expected: { admin: 403, group_manager: 403 },
}

const serviceAccountIsDeleted: Deprivation = {
  title: 'the service account is deleted',
  apply: (world, { accountId }) => callAsAdmin(world, 'DELETE', `/service-accounts/${accountId}`),
  expected: everybody(401),
}

const serviceAccountIsDemoted: Deprivation = {
  title: 'the service account is demoted',
  apply: (world, { accountId }) => callAsAdmin(world, 'PATCH', `/service-accounts/${accountId}`, { role: 'member' }),
  expected: { admin: 403, group_manager: 403 },
}

export const sessionEndings: readonly Omit<Deprivation, 'expected'>[] = [
  { title: 'the person signs out', apply: (world, { as }) => callSignIn(world, 'sign-out', as, {}) },
  {
    title: 'another session ends the others',
    apply: async (world, { person }) =>
      callSignIn(world, 'revoke-other-sessions', { cookie: await world.app.cookieOf(person?.userId ?? '') }, {}),
  },
  {
    title: 'another session changes the password',
    apply: async (world, { person }) =>
      callSignIn(
        world,
        'change-password',
        { cookie: await world.app.cookieOf(person?.userId ?? '') },
        {
          currentPassword: password,
          newPassword,
          revokeOtherSessions: true,
        },
      ),
  },
  {
    title: 'the password is reset',
    apply: async (world, { person }) => {
      const made = await world.app.resetPassword(person?.email ?? '')
      const token = made.ok ? new URL(made.value.url).searchParams.get('token') : undefined
      await callSignIn(world, 'reset-password', undefined, { token, newPassword })
    },
  },
]

const newAdmin = async ({ stage }: HalfSentWorld): Promise<Actor & { person: Member }> => {
  const person = await stage.org.newMember('admin')
  return { as: { cookie: person.cookie }, accountId: person.accountId, person }
}

const adminSession: ActorKind = {
  title: "an admin's session",
  create: newAdmin,
  audiences: ['account', 'admin', 'group_manager'],
  deprivations: [
    isRemoved(everybody(404)),
    isDemoted,
    ...sessionEndings.map((ending) => ({ ...ending, expected: everybody(401) })),
  ],
}

/** Saves the setting, and puts it back once the test is over. */
const suspendAll: Deprivation = {
  title: 'the setting suspends all tokens',
  apply: async ({ stage }) => {
    const saved = await stage.org.setCreation({ creation: 'none' })
    if (saved.status !== 200) throw new Error(JSON.stringify(saved.body))
  },
  expected: everybody(401),
}

const expires: Deprivation = {
  title: 'the credential expires',
  apply: async ({ app }) => {
    app.clock.now = new Date(app.clock.now.getTime() + 20 * 60_000)
  },
  expected: everybody(401),
}

const managedTokenEndings: readonly Deprivation[] = [
  {
    title: 'the token is revoked',
    apply: (world, { tokenId }) => callAsAdmin(world, 'DELETE', `/tokens/${tokenId}`),
    expected: everybody(401),
  },
  suspendAll,
  expires,
]

const minutesAhead = ({ app }: HalfSentWorld, minutes: number) =>
  new Date(app.clock.now.getTime() + minutes * 60_000).toISOString()

const adminToken: ActorKind = {
  title: "an admin's managed token",
  create: async (world) => {
    const { person, accountId } = await newAdmin(world)
    const token = await world.stage.org.newToken(person, { expiresAt: minutesAhead(world, 15) })
    return { as: { token: token.secret }, accountId, person, tokenId: token.id }
  },
  audiences: ['account', 'admin', 'group_manager'],
  deprivations: [
    isRemoved(everybody(401)),
    isDemoted,
    ...managedTokenEndings,
    {
      title: 'the token is refreshed',
      apply: async ({ app, stage }, { tokenId, person }) => {
        const path = `${stage.org.path}/tokens/${tokenId}/refresh`
        const answer = await app.call('POST', path, { as: person, body: {} })
        if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
      },
      expected: everybody(401),
    },
  ],
}

const serviceAccountToken: ActorKind = {
  title: "a service account's managed token",
  create: async (world) => {
    const { org } = world.stage
    const accountId = await org.newServiceAccount('admin')
    const token = await org.newToken(org.admin, { accountId, expiresAt: minutesAhead(world, 15) })
    return { as: { token: token.secret }, accountId, tokenId: token.id }
  },
  audiences: ['account', 'admin', 'group_manager'],
  deprivations: [serviceAccountIsDeleted, serviceAccountIsDemoted],
}

const externalToken: ActorKind = {
  title: 'an external token',
  create: async (world) => {
    const { org, idp } = world.stage
    const [audience, subject] = [randomUUID(), randomUUID()]
    const accountId = await org.newServiceAccount('admin')
    const providerId = await org.newProvider(idp, { audiences: [audience] })
    const mapping = await callAsAdmin(world, 'POST', '/account-mappings', { accountId, providerId, subject })
    const token = idp.token({ aud: audience, sub: subject })
    return { as: { token }, accountId, mappingId: mapping.id, providerId }
  },
  audiences: ['account', 'admin', 'group_manager'],
  deprivations: [
    {
      title: 'the mapping is deleted',
      apply: (world, { mappingId }) => callAsAdmin(world, 'DELETE', `/account-mappings/${mappingId}`),
      expected: everybody(401),
    },
    {
      title: 'the provider is disabled',
      apply: (world, { providerId }) =>
        callAsAdmin(world, 'PATCH', `/oauth-providers/${providerId}`, { enabled: false }),
      expected: everybody(401),
    },
    {
      title: 'the provider is deleted',
      apply: (world, { providerId }) => callAsAdmin(world, 'DELETE', `/oauth-providers/${providerId}`),
      expected: everybody(401),
    },
    serviceAccountIsDeleted,
    serviceAccountIsDemoted,
    expires,
  ],
}

const groupManager: ActorKind = {
  title: "a group manager's session",
  create: async (world) => {
    const person = await world.stage.org.newMember()
    const path = `/groups/${world.stage.managed}/members/${person.accountId}`
    await callAsAdmin(world, 'PUT', path, { role: 'manager' })
    return { as: { cookie: person.cookie }, accountId: person.accountId, person }
  },
  audiences: ['group_manager'],
  deprivations: [
    {
      title: 'the manager becomes a member of the group',
      apply: (world, { accountId }) =>
        callAsAdmin(world, 'PUT', `/groups/${world.stage.managed}/members/${accountId}`, { role: 'member' }),
      expected: { group_manager: 403 },
    },
    {
      title: 'the manager is taken out of the group',
      apply: (world, { accountId }) =>
        callAsAdmin(world, 'DELETE', `/groups/${world.stage.managed}/members/${accountId}`),
      expected: { group_manager: 403 },
    },
    // Without a body the account is looked up before the removal, and its role in the group after it.
    { ...isRemoved({ group_manager: 404 }), expectedWithoutBody: { group_manager: 403 } },
  ],
}

export const actorKinds = [adminSession, adminToken, serviceAccountToken, externalToken, groupManager]
