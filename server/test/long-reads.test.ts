import { connect } from 'node:net'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { auditLogs } from './audit-log.ts'
import { describeOnBoth } from './databases.ts'
import { type As, type Harness, harness } from './harness.ts'
import { identityProvider } from './identity-provider.ts'
import { type Listening, listen } from './listen.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

/** More than an export reads at a time. */
const eventCount = 1_200

describeOnBoth('reads that take long', (open) => {
  let app: Harness
  let org: Organization
  let server: Listening
  const cleanup: (() => unknown)[] = []
  beforeAll(async () => {
    const database = await open()
    app = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
    org = await app.newOrganization()
    await auditLogs(app, database).append(org.id, eventCount)
    server = await listen(app)
    return () => server.close()
  })
  afterEach(() => {
    for (const undo of cleanup.splice(0)) undo()
  })

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await app.call(method, org.path + path, { as: org.admin, body })
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }

  /** A running export, of which the first part was taken and no more is being read. */
  async function startExport(as: As) {
    const credential = 'token' in as ? { authorization: `Bearer ${as.token}` } : { cookie: as.cookie }
    const response = await app.router.request(`http://localhost:3000${org.path}/audit-events/export?format=ndjson`, {
      headers: credential,
    })
    expect(response.status).toBe(200)
    const reader = response.body!.getReader()
    const first = await reader.read()
    expect(first.done).toBe(false)
    const rest = async () => {
      let size = 0
      for (let part = await reader.read(); !part.done; part = await reader.read()) size += part.value.length
      return size
    }
    return { reader, rest }
  }

  test('an export goes on to its end while nothing is taken away', async () => {
    const person = await org.newMember('admin')
    const { rest } = await startExport(person)
    await call('PATCH', '', { name: 'Acme International' })
    expect(await rest()).toBeGreaterThan(eventCount - 500)
  })

  test.each([
    ['the admin is removed', (accountId: string) => call('DELETE', `/members/${accountId}`)],
    ['the admin is demoted', (accountId: string) => call('PATCH', `/members/${accountId}`, { role: 'member' })],
  ] as const)('an export that nobody reads breaks off when %s', async (_title, deprive) => {
    const person = await org.newMember('admin')
    const { reader } = await startExport(person)
    await deprive(person.accountId)
    await expect(reader.closed).rejects.toThrow('The right to read this has ended.')
  })

  test('an export breaks off when its token is revoked, suspended or expired', async () => {
    for (const deprive of [
      (id: string) => call('DELETE', `/tokens/${id}`),
      () => org.setCreation({ creation: 'none' }),
    ]) {
      const token = await org.newToken()
      const { reader } = await startExport({ token: token.secret })
      await deprive(token.id)
      await expect(reader.closed).rejects.toThrow('The right to read this has ended.')
      await org.setCreation({ creation: 'all' })
    }
    const expiresAt = new Date(app.clock.now.getTime() + 60_000).toISOString()
    const { rest } = await startExport({ token: (await org.newToken(org.admin, { expiresAt })).secret })
    app.clock.now = new Date(app.clock.now.getTime() + 120_000)
    await expect(rest()).rejects.toThrow('The right to read this has ended.')
  })

  test('an export breaks off when the mapping of its external token is deleted, or its provider disabled', async () => {
    const idp = await identityProvider(() => app.clock.now)
    cleanup.push(() => idp.close())
    for (const way of ['mapping', 'provider'] as const) {
      const accountId = await org.newServiceAccount('admin')
      const providerId = await org.newProvider(idp, { audiences: [way] })
      const mapping = await call('POST', '/account-mappings', { accountId, providerId, subject: way })
      const { reader } = await startExport({ token: idp.token({ aud: way, sub: way }) })
      if (way === 'mapping') await call('DELETE', `/account-mappings/${mapping.id}`)
      else await call('PATCH', `/oauth-providers/${providerId}`, { enabled: false })
      await expect(reader.closed).rejects.toThrow('The right to read this has ended.')
    }
  })

  test('an export breaks off at its next part when its session ends', async () => {
    const person = await org.newMember('admin')
    const { rest } = await startExport(person)
    await app.call('POST', '/api/auth/sign-out', { as: person, body: {} })
    await expect(rest()).rejects.toThrow('The right to read this has ended.')
  })

  /** The address of the account's event stream, and its text as it arrives. */
  async function openEvents(as: As) {
    const answer = await server.call('POST', '/ofrep/v1/evaluate/flags', { as, body: {} })
    const { pathname, search } = new URL(answer.body.eventStreams[0].url)
    const path = pathname + search
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    cleanup.push(() => socket.destroy())
    socket.setEncoding('utf8').write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    let text = ''
    let check: () => void = () => undefined
    socket.on('data', (chunk) => {
      text += chunk
      check()
    })
    const has = (part: string) =>
      new Promise<void>((resolve) => {
        check = () => {
          if (text.includes(part)) resolve()
        }
        check()
      })
    await has('id: ')
    return { path, has }
  }

  test.each(['session', 'token'] as const)(
    'the event stream of a removed member ends, and is not found again (%s)',
    async (kind) => {
      const person = await org.newMember()
      const as = kind === 'session' ? person : { token: (await org.newToken(person)).secret }
      const { path, has } = await openEvents(as)
      await call('DELETE', `/members/${person.accountId}`)
      await has('\r\n0\r\n\r\n')
      expect((await server.call('GET', path)).status).toBe(404)
    },
  )
})
