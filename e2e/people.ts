import { randomBytes } from 'node:crypto'
import { askRunning } from '../server/src/cli/socket.ts'
import { socketPathOf } from '../server/src/db/folder-lock.ts'
import type { Server } from './server.ts'

export const password = 'seven green umbrellas'

export interface Answer {
  status: number
  // What an answer holds is what the tests are about.
  // biome-ignore lint/suspicious/noExplicitAny: read and asserted field by field
  body: any
  headers: Headers
}
type Credential = { token: string } | { cookie: string }
export type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>

/** Calls the API as a program does: with a token, or with the cookie that signing in gave. */
export function caller({ url }: Pick<Server, 'url'>, as?: Credential): Call {
  return async (method, path, body, headers = {}) => {
    const credential: Record<string, string> =
      as === undefined
        ? {}
        : 'token' in as
          ? { authorization: `Bearer ${as.token}` }
          : { cookie: as.cookie, origin: url }
    const answer = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...credential, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers }
  }
}

async function good(asked: Promise<Answer>): Promise<Answer['body']> {
  const { status, body } = await asked
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

export interface Person {
  accountId: string
  name: string
  email: string
  password: string
  call: Call
}
export interface ServiceAccount {
  id: string
  name: string
}
export interface Token {
  id: string
  secret: string
  name: string
}

async function signIn(server: Server, email: string): Promise<Call> {
  const { status, headers } = await caller(server)(
    'POST',
    '/api/auth/sign-in/email',
    { email, password },
    { origin: server.url },
  )
  if (status !== 200) throw new Error(`${email} could not sign in: ${status}`)
  const cookie = headers
    .getSetCookie()
    .map((it) => it.split(';')[0])
    .join('; ')
  return caller(server, { cookie })
}

/** Has the running server carry out a command, as `portcullis …` beside it does; answers what that prints. */
export async function command(server: Server, name: string, args: Record<string, unknown>) {
  const lines: string[] = []
  const outcome = await askRunning(socketPathOf(server.dataFolder), { name, args }, (line) => void lines.push(line))
  if (outcome?.exitCode !== 0) throw new Error(`${name}: ${lines.join(' ')}`)
  return { value: outcome.value, said: lines.join('\n') }
}

let made = 0
/** Names differ within a run, so that a test finds its own things only. */
const fresh = (stem: string) => `${stem}-${++made}-${randomBytes(2).toString('hex')}@example.com`

/** An organization of the test's own, with all that happens before the test made through the API. */
export async function newOrganization(server: Server, name = `Acme ${++made}`, founder = fresh('ada')) {
  const args = { name, adminEmail: founder, adminName: 'Ada Lovelace', password }
  const { value } = await command(server, 'organization-create', args)
  const { organizationId: id } = value as { organizationId: string }
  const call = await signIn(server, founder)
  const { organizations } = await good(call('GET', '/api/v1/me'))
  const { slug, accountId } = organizations[0]
  const base = `/api/v1/organizations/${id}`
  const admin: Person = { accountId, name: 'Ada Lovelace', email: founder, password, call }

  const invite = async (email: string, role: 'admin' | 'member' = 'member') =>
    (await good(call('POST', `${base}/invitations`, { emails: [email], role }))).invitations[0] as {
      accountId: string
      acceptUrl: string
    }

  return {
    id,
    slug,
    name,
    base,
    admin,
    invite,
    newMember: async (
      name: string,
      { role, email = fresh(name.split(' ')[0]!.toLowerCase()) }: { role?: 'admin' | 'member'; email?: string } = {},
    ) => {
      const { accountId, acceptUrl } = await invite(email, role)
      const secret = acceptUrl.split('/').at(-1)
      await good(
        caller(server)('POST', `/api/v1/invitations/${secret}/accept`, { name, password }, { origin: server.url }),
      )
      const person: Person = { accountId, name, email, password, call: await signIn(server, email) }
      return person
    },
    newGroup: async (name: string, accounts: { id: string; role?: 'member' | 'manager' }[] = []) => {
      const group = await good(call('POST', `${base}/groups`, { name }))
      for (const { id, role = 'member' } of accounts)
        await good(call('PUT', `${base}/groups/${group.id}/members/${id}`, { role }))
      return group as { id: string; name: string }
    },
    newServiceAccount: async (name: string, role: 'admin' | 'member' = 'member') =>
      (await good(call('POST', `${base}/service-accounts`, { name, role }))) as ServiceAccount,
    newToken: async (as: Person, name: string, more: { accountId?: string; expiresAt?: string } = {}) => {
      const { token, secret } = await good(as.call('POST', `${base}/tokens`, { name, ...more }))
      return { id: token.id, name, secret } as Token
    },
    newProvider: async (issuer: string, more: { name?: string; jwksUrl?: string; audiences?: string[] } = {}) =>
      (await good(
        call('POST', `${base}/oauth-providers`, {
          name: 'Login',
          issuer,
          jwksUrl: `${issuer}/jwks`,
          audiences: ['https://api.example.com'],
          ...more,
        }),
      )) as { id: string; name: string },
    newMapping: async (providerId: string, accountId: string, subject: string, displayName = '') =>
      (await good(call('POST', `${base}/account-mappings`, { accountId, providerId, subject, displayName }))) as {
        id: string
      },
    tokenOf: async (id: string) => (await good(call('GET', `${base}/tokens/${id}`))) as Record<string, unknown>,
    settings: async () => await good(call('GET', `${base}/settings`)),
    choosePreviews: async (enabled: string[], as = admin) => {
      const { version } = await good(as.call('GET', `${base}/preview-features`))
      return good(as.call('PUT', `${base}/preview-features`, { enabled }, { 'if-match': `"${version}"` }))
    },
    setCreation: async (
      apiTokens: { creation: 'all' | 'groups' | 'none'; groupIds?: string[]; suspendOutsideGroups?: boolean },
      as = admin,
    ) => {
      const { version } = await good(as.call('GET', `${base}/settings`))
      return good(as.call('PUT', `${base}/settings`, { apiTokens }, { 'if-match': `"${version}"` }))
    },
  }
}
export type Organization = Awaited<ReturnType<typeof newOrganization>>
