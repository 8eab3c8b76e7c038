import { randomBytes } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { typeidUnboxed } from 'typeid-js'
import { createOrganization } from '../src/features/organizations/actions.ts'
import type { TokenScheme } from '../src/http/token-schemes.ts'
import type { Mail, Outbox } from '../src/kernel/deps.ts'
import { type Wired, wire } from '../src/wire.ts'
import type { TestDatabase } from './databases.ts'
import { operatorOrigin } from './operator-change.ts'

export const publicUrl = 'http://localhost:3000'
export const serviceSecret = 'a secret for tests that has more than thirty-two characters'
export const resourceKey = 'a resource key of thirty-two or more characters'
export const password = 'correct horse battery staple'

/** Who asks: a person with a session, or the holder of a managed token. */
export type As = { cookie: string } | { token: string }

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the test is about.
  body: any
  headers: Headers
}

export interface Asking {
  as?: As | undefined
  body?: unknown
  headers?: Record<string, string>
}

export interface Member {
  accountId: string
  userId: string
  email: string
  cookie: string
}

export type Harness = Awaited<ReturnType<typeof harness>>

/** The real app on a real database, in this process: no socket, no mocks, a clock that tests set, mail that is kept. */
export async function harness(
  database: TestDatabase,
  options: {
    /** True keeps mails in `sent`; an outbox sends them. */
    mail?: boolean | Outbox
    allowedJwksHosts?: readonly string[]
    featuresFile?: string
    corsOrigins?: readonly string[]
    tokenSchemes?: readonly TokenScheme[]
    publicUrl?: string
    consoleFolder?: string
    tokensPerAccount?: number
    /** Left out: as many as a test makes, since its clock stands still. */
    changesPerMinute?: number
    /** Of another process that lives by the same time. */
    clock?: { now: Date }
    log?: Logger
  } = {},
) {
  const origin = options.publicUrl ?? publicUrl
  const { clock = { now: new Date() } } = options
  const sent: Mail[] = []
  const keep = async (mail: Mail) => void sent.push(mail)
  const outbox = typeof options.mail === 'object' ? options.mail : { configured: options.mail ?? false, send: keep }
  const world = { now: () => clock.now, newId: typeidUnboxed, randomBytes }
  const wired: Wired = await wire(
    {
      publicUrl: origin,
      productName: 'AI Hub',
      secrets: [serviceSecret],
      resourceKeys: [resourceKey],
      consoleFolder: options.consoleFolder ?? '/nonexistent',
      allowedJwksHosts: options.allowedJwksHosts ?? [],
      featuresFile: options.featuresFile,
      corsOrigins: options.corsOrigins ?? [],
      tokenSchemes: options.tokenSchemes ?? [],
      tokensPerAccount: options.tokensPerAccount ?? 1000,
      changesPerMinute: options.changesPerMinute ?? 1_000_000,
    },
    database,
    outbox,
    options.log ?? pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    world,
  )

  // Hashing is slow on purpose; everybody here has the same password, so it is hashed once.
  const { hash } = wired.deps.passwords
  const once = hash(password)
  wired.deps.passwords.hash = (text) => (text === password ? once : hash(text))

  const call = async (method: string, path: string, { as, body, headers = {} }: Asking = {}): Promise<Answer> => {
    const credential: Record<string, string> =
      as === undefined ? {} : 'token' in as ? { authorization: `Bearer ${as.token}` } : { cookie: as.cookie, origin }
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await wired.router.request(new URL(path, origin), {
      method,
      headers: { ...json, ...credential, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: isJson && text !== '' ? JSON.parse(text) : text, headers: response.headers }
  }

  const cookieOf = async (userId: string) => {
    const cookies = await wired.deps.sessions.start(userId, new Headers({ host: new URL(origin).host }))
    return cookies.map((it) => it.split(';')[0]).join('; ')
  }

  let people = 0
  const newEmail = () => `person${++people}.${randomBytes(4).toString('hex')}@example.com`

  /** An organization with one admin, who is signed in. */
  const newOrganization = async (name = 'Acme') => {
    const email = newEmail()
    const founded = await createOrganization(
      wired.deps,
      { name, admin: { email, name: 'Ada Admin', password } },
      operatorOrigin,
    )
    if (!founded.ok) throw new Error(JSON.stringify(founded))
    const { organization, userId } = founded.value
    const cookie = await cookieOf(userId)
    const me = await call('GET', '/api/v1/me', { as: { cookie } })
    const accountId: string = me.body.organizations[0].accountId
    const admin: Member = { accountId, userId, email, cookie }
    const path = `/api/v1/organizations/${organization.id}`

    /** A person who was invited and accepted, signed in. */
    const newMember = async (role: 'admin' | 'member' = 'member', groupIds: string[] = []): Promise<Member> => {
      const address = newEmail()
      const invited = await call('POST', `${path}/invitations`, {
        as: admin,
        body: { emails: [address], role, groupIds },
      })
      const { accountId: id, acceptUrl } = invited.body.invitations[0]
      const secret = acceptUrl.split('/').at(-1)
      const accepted = await call('POST', `/api/v1/invitations/${secret}/accept`, {
        body: { name: 'Mia Member', password },
      })
      if (accepted.status !== 200) throw new Error(JSON.stringify(accepted.body))
      const cookies = accepted.headers
        .getSetCookie()
        .map((it) => it.split(';')[0])
        .join('; ')
      const { user } = (await call('GET', '/api/v1/me', { as: { cookie: cookies } })).body
      return { accountId: id, userId: user.id, email: address, cookie: cookies }
    }

    const newServiceAccount = async (role: 'admin' | 'member' = 'member', serviceName = 'CI'): Promise<string> =>
      (await call('POST', `${path}/service-accounts`, { as: admin, body: { name: serviceName, role } })).body.id

    const newGroup = async (
      accountIds: readonly string[] = [],
      groupName = `Group ${randomBytes(4).toString('hex')}`,
    ): Promise<string> => {
      const { id } = (await call('POST', `${path}/groups`, { as: admin, body: { name: groupName } })).body
      for (const it of accountIds)
        await call('PUT', `${path}/groups/${id}/members/${it}`, { as: admin, body: { role: 'member' } })
      return id
    }

    const newToken = async (
      as: As = admin,
      body: Record<string, unknown> = {},
    ): Promise<{ id: string; secret: string }> => {
      const made = await call('POST', `${path}/tokens`, { as, body: { name: 'ci', ...body } })
      if (made.status !== 201) throw new Error(JSON.stringify(made.body))
      return { id: made.body.token.id, secret: made.body.secret }
    }

    /** Saves the setting on top of whatever is there. */
    const setCreation = async (
      apiTokens: { creation: 'all' | 'groups' | 'none'; groupIds?: string[]; suspendOutsideGroups?: boolean },
      as: As = admin,
    ) => {
      const etag = (await call('GET', `${path}/settings`, { as: admin })).headers.get('etag') ?? ''
      return call('PUT', `${path}/settings`, { as, body: { apiTokens }, headers: { 'if-match': etag } })
    }

    /** Registers a foreign authorization server for the audience `api`; answers the provider's id. */
    const newProvider = async (idp: { issuer: string; jwksUrl: string }, over: Record<string, unknown> = {}) => {
      const body = { name: 'Foreign', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: ['api'], ...over }
      const made = await call('POST', `${path}/oauth-providers`, { as: admin, body })
      if (made.status !== 201) throw new Error(JSON.stringify(made.body))
      return made.body.id as string
    }

    /** Chooses among the preview features on top of whatever version is there. */
    const choosePreviews = async (enabled: readonly string[], as: As = admin) => {
      const etag = (await call('GET', `${path}/preview-features`, { as: admin })).headers.get('etag') ?? ''
      return call('PUT', `${path}/preview-features`, { as, body: { enabled }, headers: { 'if-match': etag } })
    }

    const events = async (query = ''): Promise<{ action: string; [member: string]: unknown }[]> =>
      (await call('GET', `${path}/audit-events${query}`, { as: admin })).body.items

    return {
      id: organization.id,
      path,
      admin,
      newMember,
      newServiceAccount,
      newGroup,
      newToken,
      newProvider,
      setCreation,
      choosePreviews,
      events,
    }
  }

  return { ...wired, database, clock, sent, call, cookieOf, newEmail, newOrganization }
}
