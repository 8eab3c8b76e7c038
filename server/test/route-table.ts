import type { As, Harness, Member } from './harness.ts'
import { identityProvider } from './identity-provider.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

/** Who asks, in the order of the table's columns. */
export const principals = ['none', 'member', 'manager', 'admin', 'stranger', 'service', 'suspended'] as const
export type Principal = (typeof principals)[number]

/** One organization with everybody in it, and an admin of another who is nobody here. */
export interface Stage {
  org: Organization
  other: Organization
  as: Record<Principal, As | undefined>
  member: Member
  manager: Member
  managed: string
  serviceAccount: string
  /** The authorization server behind the provider, and what the other organization has of it. */
  idp: Awaited<ReturnType<typeof identityProvider>>
  provider: string
  foreign: { idp: string; map: string }
}

/** The harness must allow 127.0.0.1, where keys are fetched from. */
export async function setStage({ newOrganization, call, clock }: Harness): Promise<Stage> {
  const [org, other] = [await newOrganization('Acme'), await newOrganization('Globex')]
  const [member, manager] = [await org.newMember(), await org.newMember()]
  const [serviceAccount, outsider] = [await org.newServiceAccount(), await org.newServiceAccount()]
  const service = await org.newToken(org.admin, { accountId: serviceAccount })
  const suspended = await org.newToken(org.admin, { accountId: outsider })
  const holders = [org.admin.accountId, member.accountId, manager.accountId, serviceAccount]
  const allowed = await org.newGroup(holders)
  const managed = await org.newGroup()
  await call('PUT', `${org.path}/groups/${managed}/members/${manager.accountId}`, {
    as: org.admin,
    body: { role: 'manager' },
  })
  await org.setCreation({ creation: 'groups', groupIds: [allowed], suspendOutsideGroups: true })
  await org.choosePreviews(['token-insights'])
  const as = {
    none: undefined,
    member,
    manager,
    admin: org.admin,
    stranger: other.admin,
    service: { token: service.secret },
    suspended: { token: suspended.secret },
  }
  const idp = await identityProvider(() => clock.now)
  const provider = await org.newProvider(idp)
  const theirs = await other.newProvider(idp)
  const body = { accountId: other.admin.accountId, providerId: theirs, subject: 'ada' }
  const mapped = await call('POST', `${other.path}/account-mappings`, { as: other.admin, body })
  const foreign = { idp: theirs, map: mapped.body.id }
  return { org, other, as, member, manager, managed, serviceAccount, idp, provider, foreign }
}

/** What a route is asked with: ids for its path, made anew for each cell, since many a route uses them up. */
export interface Cell {
  path?: Record<string, string>
  query?: string
  body?: unknown
  headers?: Record<string, string>
}

export interface Row {
  /** One status for each principal, in the order of the columns. */
  statuses: readonly [number, number, number, number, number, number, number]
  ask?: (stage: Stage, harness: Harness, by: Principal) => Promise<Cell> | Cell
}

/* The usual rows: who may is all that differs. */
const anyone = (status: number) => [status, status, status, status, status, status, status] as const
const account = (status: number) => [401, status, status, status, 404, status, 401] as const
const admin = (status: number) => [401, 403, 403, status, 404, 403, 401] as const
const manager = (status: number) => [401, 403, status, status, 404, 403, 401] as const

const newMember = async ({ org }: Stage) => ({ path: { id: (await org.newMember()).accountId } })
const newService = async ({ org }: Stage) => ({ path: { id: await org.newServiceAccount() } })
const newGroup = async ({ org }: Stage) => ({ path: { id: await org.newGroup() } })

const invite = async ({ org }: Stage, { call, newEmail }: Harness): Promise<{ id: string; secret: string }> => {
  const made = await call('POST', `${org.path}/invitations`, {
    as: org.admin,
    body: { emails: [newEmail()], role: 'member' },
  })
  const [it] = made.body.invitations
  return { id: it.id, secret: it.acceptUrl.split('/').at(-1) }
}

const newInvitation = async (stage: Stage, harness: Harness) => ({ path: { id: (await invite(stage, harness)).id } })

/** A token of whoever asks; for those who have none, the admin's, which they must not see. */
const ownToken = async ({ org, as }: Stage, _: Harness, by: Principal) => {
  const owner = by === 'member' || by === 'manager' || by === 'service' ? as[by] : org.admin
  return { path: { id: (await org.newToken(owner)).id } }
}

const foreignToken = async ({ org, as }: Stage) => ({ path: { id: (await org.newToken(as.manager)).id } })

const theProvider = ({ provider }: Stage) => ({ path: { id: provider } })

const newMapping = async ({ org, provider }: Stage, { newEmail }: Harness) => ({
  accountId: await org.newServiceAccount(),
  providerId: provider,
  subject: newEmail(),
})

const mapped = async (stage: Stage, harness: Harness) => {
  const body = await newMapping(stage, harness)
  const made = await harness.call('POST', `${stage.org.path}/account-mappings`, { as: stage.org.admin, body })
  return { path: { id: made.body.id } }
}

const saving = async ({ org }: Stage, { call }: Harness) => {
  const now = await call('GET', `${org.path}/settings`, { as: org.admin })
  return { body: { apiTokens: now.body.apiTokens }, headers: { 'if-match': now.headers.get('etag') ?? '' } }
}

/** The choice as it is: what others ask about must stay on. */
const choosing = async ({ org }: Stage, { call }: Harness) => {
  const { headers } = await call('GET', `${org.path}/preview-features`, { as: org.admin })
  return { body: { enabled: ['token-insights'] }, headers: { 'if-match': headers.get('etag') ?? '' } }
}

const unknownSecret = 'A'.repeat(43)

/** Every route of the management API by its operationId. A route without a row fails the test. */
export const table: Record<string, Row> = {
  getInstance: { statuses: anyone(200) },
  getMe: { statuses: [401, 200, 200, 200, 200, 200, 401] },
  getSetup: { statuses: anyone(404), ask: () => ({ path: { secret: unknownSecret } }) },
  completeSetup: {
    statuses: anyone(404),
    ask: () => ({
      path: { secret: unknownSecret },
      body: { email: 'eve@example.com', name: 'Eve', password: 'an uncommon password', organization: 'Mine' },
    }),
  },
  getOrganization: { statuses: account(200) },
  renameOrganization: { statuses: admin(200), ask: () => ({ body: { name: 'Acme' } }) },
  getSettings: { statuses: account(200) },
  saveSettings: { statuses: admin(200), ask: saving },
  getSettingsImpact: { statuses: admin(200), ask: () => ({ body: { apiTokens: { creation: 'none' } } }) },
  getChangeImpact: {
    statuses: manager(200),
    ask: ({ managed, manager }) => ({
      body: { change: { kind: 'group_removal', groupId: managed, accountId: manager.accountId } },
    }),
  },
  getSettingsPropagation: { statuses: admin(200) },
  listMembers: { statuses: account(200) },
  getMember: { statuses: account(200), ask: ({ member }) => ({ path: { id: member.accountId } }) },
  changeMemberRole: {
    statuses: admin(200),
    ask: async (stage) => ({ ...(await newMember(stage)), body: { role: 'admin' } }),
  },
  removeMember: { statuses: admin(204), ask: newMember },
  createInvitations: {
    statuses: admin(201),
    ask: (_, { newEmail }) => ({ body: { emails: [newEmail()], role: 'member' } }),
  },
  resendInvitation: { statuses: admin(200), ask: newInvitation },
  showInvitationLink: { statuses: admin(200), ask: newInvitation },
  withdrawInvitation: { statuses: admin(204), ask: newInvitation },
  getInvitation: {
    statuses: anyone(200),
    ask: async (stage, harness) => ({ path: { secret: (await invite(stage, harness)).secret } }),
  },
  acceptInvitation: {
    statuses: anyone(200),
    ask: async (stage, harness) => ({
      path: { secret: (await invite(stage, harness)).secret },
      body: { name: 'Nora New', password: 'an uncommon password' },
    }),
  },
  // Only a mailed link of an unproven person begins a fresh start; this one was shown.
  startAfresh: {
    statuses: anyone(404),
    ask: async (stage, harness) => ({ path: { secret: (await invite(stage, harness)).secret }, body: {} }),
  },
  listServiceAccounts: { statuses: account(200) },
  createServiceAccount: { statuses: admin(201), ask: () => ({ body: { name: 'Deploy', role: 'member' } }) },
  getServiceAccount: { statuses: account(200), ask: ({ serviceAccount }) => ({ path: { id: serviceAccount } }) },
  updateServiceAccount: {
    statuses: admin(200),
    ask: async (stage) => ({ ...(await newService(stage)), body: { name: 'Build' } }),
  },
  deleteServiceAccount: { statuses: admin(204), ask: newService },
  listGroups: { statuses: account(200) },
  createGroup: { statuses: admin(201), ask: (_, { newEmail }) => ({ body: { name: newEmail() } }) },
  getGroup: { statuses: account(200), ask: ({ managed }) => ({ path: { id: managed } }) },
  updateGroup: {
    statuses: admin(200),
    ask: async (stage) => ({ ...(await newGroup(stage)), body: { description: 'Builds' } }),
  },
  deleteGroup: { statuses: admin(204), ask: newGroup },
  listGroupMembers: { statuses: account(200), ask: ({ managed }) => ({ path: { id: managed } }) },
  putGroupMember: {
    statuses: manager(200),
    ask: ({ managed, member }) => ({ path: { id: managed, accountId: member.accountId }, body: { role: 'member' } }),
  },
  deleteGroupMember: {
    statuses: manager(204),
    ask: async ({ org, managed }, { call }) => {
      const accountId = await org.newServiceAccount()
      await call('PUT', `${org.path}/groups/${managed}/members/${accountId}`, {
        as: org.admin,
        body: { role: 'member' },
      })
      return { path: { id: managed, accountId } }
    },
  },
  getTokenUsage: { statuses: account(200) },
  listTokens: { statuses: account(200) },
  createToken: { statuses: account(201), ask: () => ({ body: { name: 'mine' } }) },
  getTokenAbility: { statuses: account(200) },
  getToken: { statuses: account(200), ask: ownToken },
  updateToken: {
    statuses: account(200),
    ask: async (...it) => ({ ...(await ownToken(...it)), body: { description: 'new' } }),
  },
  deleteToken: { statuses: account(204), ask: ownToken },
  refreshToken: { statuses: account(200), ask: async (...it) => ({ ...(await ownToken(...it)), body: {} }) },
  listOAuthProviders: { statuses: admin(200) },
  createOAuthProvider: {
    statuses: admin(201),
    ask: ({ idp }, { newEmail }) => ({
      body: { name: 'Okta', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: [newEmail()] },
    }),
  },
  discoverOAuthProvider: { statuses: admin(200), ask: ({ idp }) => ({ body: { issuer: idp.issuer } }) },
  getOAuthProvider: { statuses: admin(200), ask: theProvider },
  updateOAuthProvider: { statuses: admin(200), ask: (it) => ({ ...theProvider(it), body: { name: 'Okta EU' } }) },
  deleteOAuthProvider: {
    statuses: admin(204),
    ask: async ({ org, idp }, { newEmail }) => ({
      path: { id: await org.newProvider(idp, { audiences: [newEmail()] }) },
    }),
  },
  refreshProviderKeys: { statuses: admin(200), ask: theProvider },
  checkToken: { statuses: admin(200), ask: (it) => ({ ...theProvider(it), body: { token: it.idp.token() } }) },
  listAccountMappings: { statuses: admin(200) },
  createAccountMapping: {
    statuses: admin(201),
    ask: async (stage, harness) => ({ body: await newMapping(stage, harness) }),
  },
  updateAccountMapping: {
    statuses: admin(200),
    ask: async (stage, harness) => ({ ...(await mapped(stage, harness)), body: { displayName: 'CI' } }),
  },
  deleteAccountMapping: { statuses: admin(204), ask: mapped },
  getPreviewFeatures: { statuses: account(200) },
  savePreviewFeatures: { statuses: admin(200), ask: choosing },
  givePreviewFeedback: {
    statuses: account(201),
    ask: () => ({ path: { key: 'token-insights' }, body: { text: 'More of it, please.' } }),
  },
  listAuditEvents: { statuses: admin(200) },
  exportAuditEvents: { statuses: admin(200), ask: () => ({ query: '?format=csv' }) },
}

/** F5: where token insights are off there is no such route, whoever asks. */
export const absentTable: Record<string, Row> = {
  getTokenUsage: { statuses: account(404) },
  givePreviewFeedback: {
    statuses: account(404),
    ask: () => ({ path: { key: 'token-insights' }, body: { text: 'More of it, please.' } }),
  },
}

/** Somebody else's token (the manager's): absent for members, the admin's to see, edit and delete but not to refresh (T2, T5). */
export const foreignTokenTable: Record<string, Row> = {
  getToken: { statuses: [401, 404, 200, 200, 404, 404, 401], ask: foreignToken },
  updateToken: {
    statuses: [401, 404, 200, 200, 404, 404, 401],
    ask: async (it) => ({ ...(await foreignToken(it)), body: { description: 'new' } }),
  },
  deleteToken: { statuses: [401, 404, 204, 204, 404, 404, 401], ask: foreignToken },
  refreshToken: {
    statuses: [401, 404, 200, 403, 404, 404, 401],
    ask: async (it) => ({ ...(await foreignToken(it)), body: {} }),
  },
}
