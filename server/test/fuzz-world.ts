import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { issueSetupLink } from '../src/features/setup/actions.ts'
import { newSecret } from '../src/features/tokens/rules.ts'
import type { TestDatabase } from './databases.ts'
import { type Harness, harness, publicUrl, resourceKey, serviceSecret, password as usualPassword } from './harness.ts'
import { identityProvider } from './identity-provider.ts'
import { listen } from './listen.ts'
import { codeOf, cookiesOf } from './sign-in.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

/** What the answers brought, newest last, so that later requests can use it; bounded, as all that is kept here. */
class Found {
  readonly #kinds = new Map<string, string[]>()

  add(kind: string, value: string): void {
    const values = this.#kinds.get(kind) ?? []
    if (values.includes(value)) return
    values.push(value)
    if (values.length > 30) values.splice(1, 1)
    this.#kinds.set(kind, values)
  }

  pick(kind: string, index: number): string | undefined {
    const values = this.#kinds.get(kind) ?? []
    return values[index % values.length]
  }

  last(kind: string): string | undefined {
    return this.#kinds.get(kind)?.at(-1)
  }

  clear(): void {
    this.#kinds.clear()
  }
}

const secretKinds =
  /^(token|jwt|jwt:strange|forged-token|reset|invitation|setup|password|resource-key|basic|backup-code|totp-secret|service-secret|cookie:.*)$/

/**
 * Whatever was handed over as a secret, newest last and bounded. Of a cookie only the seal counts: without it the rest,
 * which the table of sessions holds and lists of sessions tell, opens nothing.
 */
class Secrets {
  readonly #texts = new Set<string>()

  note(kind: string, text: string): void {
    if (!secretKinds.test(kind)) return
    const parts = kind.startsWith('cookie:')
      ? [...text.matchAll(/\.([A-Za-z0-9%+/=-]{40,})/g)].map((it) => it[1] ?? '')
      : [text]
    for (const part of parts) {
      this.#texts.add(part)
      if (part.includes('%')) this.#texts.add(decodeURIComponent(part))
    }
    for (const oldest of this.#texts) if (this.#texts.size > 5_000) this.#texts.delete(oldest)
  }

  /** Those that stand in a text. */
  foundIn(text: string): string[] {
    return [...this.#texts].filter((it) => it.length > 10 && text.includes(it))
  }

  get size(): number {
    return this.#texts.size
  }
}

const ids = /\b(mem|svc|grp|tok|idp|map|inv)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g
/** Where answers hold a secret, and of which kind it is. */
const givenOut: readonly [kind: string, pattern: RegExp][] = [
  ['token', /"secret":"([^"]+)"/g],
  ['invitation', /\/invitations\/([\w-]{43})"/g],
  ['ticket', /\/ofrep\/v1\/streams\/([^"?]+)/g],
  ['totp', /"totpURI":"([^"]+)"/g],
  ['totp-secret', /"totpURI":"[^"]*[?&]secret=([A-Z2-7]+)/g],
  ['backup-code', /"([A-Za-z0-9]{5}-[A-Za-z0-9]{5})"/g],
]
const absentSuffix = '01h455vb4pex5vsknk084sn02q'

export type World = Awaited<ReturnType<typeof openWorld>>

/** The server on a real socket, and one organization at a time with somebody of each kind in it. */
export async function openWorld(database: TestDatabase, log?: Logger) {
  const app = await harness(database, { allowedJwksHosts: ['127.0.0.1'], ...(log && { log }) })
  const server = await listen(app, 0, log)
  const idp = await identityProvider(() => app.clock.now)
  const found = new Found()
  const secrets = new Secrets()
  secrets.note('service-secret', serviceSecret)
  const state = { stage: undefined as Awaited<ReturnType<typeof newStage>> | undefined, setup: 'A'.repeat(43) }
  state.setup = (await issueSetupLink(app.deps))?.split('/').at(-1) ?? state.setup

  const fill = async (org: Organization) => {
    const member = await org.newMember()
    const service = await org.newServiceAccount()
    const group = await org.newGroup([member.accountId, service])
    const provider = await org.newProvider(idp)
    const tokens = [
      await org.newToken(),
      await org.newToken(member),
      await org.newToken(org.admin, { accountId: service }),
    ]
    const mapping = { accountId: service, providerId: provider, subject: 'robot' }
    await app.call('POST', `${org.path}/account-mappings`, { as: org.admin, body: mapping })
    await org.choosePreviews(['token-insights', 'command-palette'])
    const invited = await app.call('POST', `${org.path}/invitations`, {
      as: org.admin,
      body: { emails: [app.newEmail(), app.newEmail()], role: 'member', groupIds: [group] },
    })
    return { member, tokens, invited: invited.body as unknown }
  }

  async function newStage() {
    const [org, other] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const [own, theirs] = [await fill(org), await fill(other)]
    return { org, other, own, theirs }
  }

  /** Everything is made anew: an organization that the requests have not touched. Counted guesses are forgotten, too. */
  const renew = async () => {
    await sql`delete from rate_limits`.execute(database.owner)
    found.clear()
    const stage = await newStage()
    state.stage = stage
    for (const { secret } of stage.own.tokens) found.add('token', secret)
    for (const { email } of [stage.org.admin, stage.own.member]) found.add('email', email)
    for (const who of [stage.org.admin, stage.own.member]) await issueReset(who.email)
    for (const [whose, { path, admin }] of [
      ['own', stage.org],
      ['other', stage.other],
    ] as const)
      for (const part of ['members', 'service-accounts', 'groups', 'tokens', 'oauth-providers', 'account-mappings'])
        collect((await app.call('GET', `${path}/${part}`, { as: admin })).body, whose)
    collect(stage.own.invited, 'own')
    collect(stage.theirs.invited, 'other')
  }

  const issueReset = async (email: string) => {
    const made = await app.resetPassword(email)
    if (made.ok) found.add('reset', new URL(made.value.url).searchParams.get('token') ?? '')
  }

  /** What later requests may use of an answer. */
  const collect = (body: unknown, whose: 'own' | 'other' = 'own', headers?: Headers) => {
    const text = JSON.stringify(body) ?? ''
    for (const [id, prefix] of text.matchAll(ids)) found.add(`${whose}:${prefix}`, id)
    if (whose === 'other') return
    for (const [kind, pattern] of givenOut)
      for (const [, it = ''] of text.matchAll(pattern)) {
        found.add(kind, it)
        secrets.note(kind, it)
      }
    for (const [, id] of text.matchAll(/"token":"([A-Za-z0-9]{32})"/g)) found.add('session-id', id ?? '')
    const cookies = headers === undefined ? '' : cookiesOf(headers)
    if (cookies !== '') found.add('cookie:seen', cookies)
  }

  const etagOf = async (path: string) => {
    const answer = await app.call('GET', path, { as: state.stage?.org.admin })
    return answer.headers.get('etag') ?? '"1"'
  }

  /** What stands for a mark; `path` is where the request goes. */
  const meaningOf = async (kind: string, index: number, path: string): Promise<string> => {
    // Before the first organization there is a set-up link, and nobody.
    const { stage } = state
    const known: Record<string, () => string | Promise<string>> = {
      'own:org': () => stage?.org.id ?? 'org',
      'other:org': () => stage?.other.id ?? 'org',
      'cookie:admin': () => stage?.org.admin.cookie ?? 'a=b',
      'cookie:member': () => stage?.own.member.cookie ?? 'a=b',
      'cookie:other': () => stage?.other.admin.cookie ?? 'a=b',
      'new-email': () => `fuzz${index}@example.com`,
      password: () => usualPassword,
      origin: () => publicUrl,
      issuer: () => idp.issuer,
      jwks: () => idp.jwksUrl,
      jwt: () => idp.token(),
      'jwt:strange': () => idp.token(strangeClaims[index % strangeClaims.length]),
      'resource-key': () => resourceKey,
      basic: () => Buffer.from(`key:${resourceKey}`).toString('base64'),
      // The right form and checksum, and nobody issued it.
      'forged-token': () => newSecret('member', randomBytes),
      setup: () => state.setup,
      etag: () => etagOf(path),
      totp: () => codeOf(found.last('totp') ?? 'otpauth://totp/x?secret=AAAA'),
    }
    if (Object.hasOwn(known, kind)) return (await known[kind]?.()) ?? ''
    const [whose, prefix] = kind.split(':')
    if (whose === 'absent') return `${prefix}_${absentSuffix}`
    return found.pick(kind, index) ?? (prefix === undefined ? 'A'.repeat(43) : `${prefix}_${absentSuffix}`)
  }

  const mayRead = async ({ path, admin }: Organization) =>
    (await app.call('GET', `${path}/audit-events?limit=1`, { as: admin })).status === 200

  /** Signs those in again whose sessions were ended, and begins anew without an admin: else all that follows is refused. */
  const mend = async () => {
    const { stage } = state
    if (stage === undefined) return
    const { admin } = stage.org
    const { member } = stage.own
    for (const it of [admin, member])
      if ((await app.call('GET', '/api/v1/me', { as: it })).status !== 200) it.cookie = await app.cookieOf(it.userId)
    if (!(await mayRead(stage.org))) await renew()
  }

  return {
    port: Number(new URL(server.url).port),
    secrets,
    /** The audit log of the present organization as its admin exports it. */
    exported: async (format: 'csv' | 'ndjson'): Promise<string> => {
      const path = `${state.stage?.org.path}/audit-events/export?format=${format}`
      return (await app.call('GET', path, { as: state.stage?.org.admin })).body
    },
    keysAreAway: async (): Promise<boolean> => {
      for (const it of [state.stage?.org, state.stage?.other]) {
        const { body } = await app.call('GET', `${it?.path}/oauth-providers`, { as: it?.admin })
        if (body.items?.some((provider: { keys: { lastError: string | null } }) => provider.keys.lastError !== null))
          return true
      }
      return false
    },
    renewLease: () => app.lease.renew(),
    metrics: () => app.metrics.registry.metrics(),
    renew,
    collect,
    mend,
    /** Puts the world's own into all marks of a text. */
    fill: async (text: string, path: string): Promise<string> => {
      let filled = ''
      let at = 0
      for (const it of text.matchAll(/⟦([a-z:-]+):(\d+)⟧/g)) {
        const meaning = await meaningOf(it[1] ?? '', Number(it[2]), path)
        secrets.note(it[1] ?? '', meaning)
        filled += text.slice(at, it.index) + meaning
        at = it.index + it[0].length
      }
      return filled + text.slice(at)
    },
    /** Entries that memory holds: what may grow up to its bound. */
    remembered: async () =>
      (await app.metrics.registry.getSingleMetric('portcullis_remembered_tokens')?.get())?.values[0]?.value ?? 0,
    close: async () => {
      await server.close()
      idp.close()
      await app.lease.close()
    },
  }
}

const strangeClaims: Record<string, unknown>[] = [
  { sub: 'nobody' },
  { sub: '' },
  { sub: 'a\0b' },
  { sub: 'x'.repeat(300) },
  { aud: 'other' },
  { aud: [] },
  { exp: 1 },
  { exp: 1e300 },
  { exp: '1' },
  { nbf: 9_999_999_999 },
  { iat: -1 },
  { iss: 'https://nowhere.example' },
  { scope: ['admin'] },
  { scope: 'x'.repeat(3_000) },
]
