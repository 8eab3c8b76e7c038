import { styleText } from 'node:util'
import type { Furnished } from './furnish.ts'
import type { Login } from './login.ts'
import { admins, clients, organization, ownLogin, password } from './people.ts'

type Colour = 'bold' | 'dim' | 'green' | 'red'
// Colours on a terminal alone, and none with NO_COLOR.
const paint = (colour: Colour, text: string) => styleText(colour, text, { stream: process.stdout })
export const say = (text = ''): void => void process.stdout.write(`${text}\n`)
const title = (text: string) => say(`\n${paint('bold', text)}`)
const shown = (status: number, text: string) =>
  say(`    ${paint(status < 300 ? 'green' : 'red', String(status))}  ${text}`)

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is told, not relied upon
type Body = any

/** The story of the gate, with real requests. */
export async function tellStory(url: string, { organizationId, secrets }: Furnished, login: Login): Promise<void> {
  const base = `/api/v1/organizations/${organizationId}`
  let cookie = ''
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: { origin: url, cookie, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const json: Body = await answer.json()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`)
    return { json, headers: answer.headers }
  }
  const signedIn = await ask('POST', '/api/auth/sign-in/email', { email: admins[0]!.email, password })
  cookie = signedIn.headers
    .getSetCookie()
    .map((it) => it.split(';')[0])
    .join('; ')

  const all = async (list: string): Promise<Body[]> => {
    const items: Body[] = []
    let cursor = ''
    do {
      const { json } = await ask('GET', `${base}/${list}?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
      items.push(...json.items)
      cursor = json.nextCursor ?? ''
    } while (cursor)
    return items
  }
  const members = await all('members')
  const tokens = await all('tokens')
  const count = (list: Body[], key: string, value: string) => list.filter((it) => it[key] === value).length
  title(`${organization.name}, as an admin finds it`)
  say(`    ${members.length} members, ${count(members, 'status', 'invited')} of them invited`)
  say(`    ${(await all('groups')).length} groups, ${(await all('service-accounts')).length} service accounts`)
  const expired = count(tokens, 'state', 'expired')
  say(`    ${tokens.length} tokens, ${expired} of them expired; ${(await all('audit-events')).length} audit events`)

  /** What a reverse proxy asks for a client's request. */
  const call = async (name: string, secret: string) => {
    say(paint('dim', `  GET /orders   ${name}, Bearer ${secret.slice(0, 4)}…${secret.slice(-4)}`))
    const answer = await fetch(`${url}/forward-auth/orders`, { headers: { authorization: `Bearer ${secret}` } })
    const why = /error_description="([^"]*)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1]
    shown(
      answer.status,
      why?.replace('. ', '.\n         ') ??
        `let in as ${answer.headers.get('x-portcullis-account-kind')?.replace('_', ' ')}`,
    )
  }
  const save = async (apiTokens: { creation: string; groupIds?: string[]; suspendOutsideGroups?: boolean }) => {
    const { json: now } = await ask('GET', `${base}/settings`)
    say(paint('dim', `  PUT …/settings   creation: ${apiTokens.creation}`))
    const { json } = await ask('PUT', `${base}/settings`, { apiTokens }, { 'if-match': `"${now.version}"` })
    shown(200, `saved as version ${json.version}`)
  }
  const deploy = () => call('Deploy pipeline', secrets.deploy)
  const invoices = () => call('Invoice export', secrets.invoices)

  title('A client calls your API; your proxy asks Portcullis')
  await deploy()
  title('An admin registers the company’s own OAuth provider')
  const external = await registerLogin({ ask, base, login })
  title('An admin is about to choose “No members”, and sees what it would do')
  say(paint('dim', '  POST …/settings/impact   creation: none'))
  const { json: impact } = await ask('POST', `${base}/settings/impact`, { apiTokens: { creation: 'none' } })
  shown(
    200,
    `suspends ${impact.tokens.suspended} tokens, ${impact.tokens.suspendedUsedLast24h} used in the last 24 hours`,
  )
  await save({ creation: 'none' })
  title('The same call, at once')
  await deploy()
  title('The same program with a token of the company’s own login')
  await call('Deploy pipeline', external)
  title('The admin raises the gate again')
  await save({ creation: 'all' })
  await deploy()
  title('Only the group Platform, the others suspended')
  const { json: groups } = await ask('GET', `${base}/groups?limit=100`)
  const platform = groups.items.find((it: Body) => it.name === 'Platform').id
  await save({ creation: 'groups', groupIds: [platform], suspendOutsideGroups: true })
  await deploy()
  await invoices()
  title('And back to normal')
  await save({ creation: 'all' })
  await invoices()
}

type Ask = (method: string, path: string, body?: unknown) => Promise<{ json: Body }>

/** Found by discovery, and some service accounts mapped to what they are called there; answers a token of the first. */
async function registerLogin({ ask, base, login }: { ask: Ask; base: string; login: Login }): Promise<string> {
  const { name, audience } = ownLogin
  say(paint('dim', `  POST …/oauth-providers   ${name}`))
  const { issuer } = login
  const { json: found } = await ask('POST', `${base}/oauth-providers/discover`, { issuer })
  const provider = { name, issuer, jwksUrl: found.jwksUrl, audiences: [audience] }
  const { json: made } = await ask('POST', `${base}/oauth-providers`, provider)
  const { json: fetched } = await ask('POST', `${base}/oauth-providers/${made.id}/refresh-keys`)
  shown(201, `${fetched.keys.count} key fetched from ${issuer}`)
  const { json: accounts } = await ask('GET', `${base}/service-accounts?limit=100`)
  for (const { account, subject, displayName } of clients) {
    const accountId = accounts.items.find((it: Body) => it.name === account).id
    await ask('POST', `${base}/account-mappings`, { accountId, providerId: made.id, subject, displayName })
  }
  say(paint('dim', '  POST …/account-mappings'))
  shown(201, clients.map(({ account }) => account).join(', '))
  return login.accessToken(clients[0].subject, audience)
}
