import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, type RawRequest } from '../server/test/raw-http.ts'
import {
  freePort,
  isInstalled,
  proxies,
  type Running,
  runApi,
  runPortcullis,
  runProxy,
  runSilentServer,
} from './running.ts'

const suspended = "The organization's settings suspend this API token. Nothing was deleted; ask an admin."

let portcullis: Awaited<ReturnType<typeof runPortcullis>>
let api: Running
let admin: { id: string; secret: string }
let member: { id: string; secret: string }
let serviceAccountId: string

beforeAll(async () => {
  if (!Object.values(proxies).some(isInstalled)) return
  portcullis = await runPortcullis()
  api = await runApi()
  serviceAccountId = await portcullis.newServiceAccount()
  admin = await portcullis.newToken()
  member = await portcullis.newToken(serviceAccountId)
})
afterAll(async () => {
  await api?.stop()
  await portcullis?.stop()
})

for (const proxy of Object.values(proxies)) {
  const leftOut = isInstalled(proxy) ? '' : ': LEFT OUT, it is not installed here'
  describe.skipIf(leftOut)(`${proxy.name} in front of a tiny API${leftOut}`, () => {
    let running: Running
    beforeAll(async () => {
      running = await runProxy(proxy, { portcullis: portcullis.port, api: api.port })
    })
    afterAll(() => running?.stop())

    const get = (path: string, headers: RawRequest['headers'] = []) => ask(running.port, { path, headers })
    const bearer = ({ secret }: { secret: string }) => ['Authorization', `Bearer ${secret}`] as const

    test('200: the API learns who calls, and not with which token', async () => {
      const answer = await get('/v1/hello?a=1', [bearer(admin)])
      expect(answer.status).toBe(200)
      expect(answer.json()).toMatchObject({
        path: '/v1/hello?a=1',
        caller: {
          organization: portcullis.organization,
          account: portcullis.adminId,
          kind: 'member',
          role: 'admin',
          groups: [],
          token: admin.id,
        },
      })
      expect(answer.body).not.toContain(admin.secret)
    })

    test('200: a body reaches the API by its method and is not asked about', async () => {
      const answer = await ask(running.port, {
        method: 'POST',
        path: '/v1/chat',
        headers: [bearer(member)],
        body: '{}',
      })
      expect(answer.json()).toMatchObject({
        method: 'POST',
        caller: { kind: 'service_account', account: serviceAccountId },
      })
    })

    test('401: the gate is lowered, the client reads why; raised again, the same token works', async () => {
      await portcullis.setCreation('none')
      const refused = await get('/v1/hello', [bearer(admin)])
      expect(refused.status).toBe(401)
      expect(refused.headers['www-authenticate']).toEqual([
        `Bearer error="invalid_token", error_description="${suspended}"`,
      ])
      expect(refused.headers['content-type']).toEqual(['application/problem+json'])
      expect(refused.json()).toMatchObject({ status: 401, code: 'unauthenticated', detail: suspended })
      await portcullis.setCreation('all')
      expect((await get('/v1/hello', [bearer(admin)])).status).toBe(200)
    })

    test('401: no token, or one that nobody ever issued', async () => {
      const none = await get('/v1/hello')
      expect(none.status).toBe(401)
      expect(none.headers['www-authenticate']).toEqual(['Bearer'])
      expect(none.json()).toMatchObject({ status: 401, code: 'unauthenticated' })
      const unknown = await get('/v1/hello', [['Authorization', 'Bearer nonsense']])
      expect(unknown.json()).toMatchObject({ status: 401, detail: 'The token is not valid.' })
    })

    test('200: what a client says about itself never reaches the API, in no spelling', async () => {
      const lies = [
        ['X-Portcullis-Role', 'admin'],
        ['x-portcullis-role', 'admin'],
        ['X_Portcullis_Role', 'admin'],
        ['X-Portcullis_Role', 'admin'],
        ['X_PORTCULLIS-ROLE', 'admin'],
        ['X-Portcullis-Organization', 'org_other'],
        ['X-Portcullis-Groups', 'grp_admins'],
        ['X_Portcullis_Groups', 'grp_admins'],
        ['X-Portcullis-Anything', 'lie'],
      ] as const
      const answer = await get('/v1/hello', [...lies, bearer(member)])
      expect(answer.status).toBe(200)
      const { caller, arrived } = answer.json() as { caller: object; arrived: Record<string, string[]> }
      expect(caller).toMatchObject({ role: 'member', groups: [], organization: portcullis.organization })
      const known = ['organization', 'account', 'account-kind', 'role', 'groups', 'token'].map(
        (it) => `x-portcullis-${it}`,
      )
      for (const [name, values] of Object.entries(arrived)) {
        if (name === 'x-portcullis-anything') continue
        expect(known).toContain(name)
        expect(values).toHaveLength(1)
      }
    })

    test('403: /admin wants an admin, whatever role a client asks to be required', async () => {
      const lower = ['X-Portcullis-Require-Role', 'member'] as const
      for (const headers of [[bearer(member)], [bearer(member), lower], [lower, bearer(member)]]) {
        const answer = await get('/admin/users', headers)
        expect(answer.status).toBe(403)
        expect(answer.headers['content-type']).toEqual(['application/problem+json'])
        expect(answer.json()).toMatchObject({
          code: 'forbidden',
          detail: 'Only admins of the organization may do this.',
        })
        expect(answer.headers['www-authenticate']?.[0]).toContain('insufficient_scope')
      }
      expect((await get('/admin/users', [bearer(admin)])).status).toBe(200)
      expect((await get('/v1/hello', [bearer(member), ['X-Portcullis-Require-Role', 'admin']])).status).toBe(200)
    })

    test.each(['/%61dmin/users', '//admin/users', '/v1/../admin/users', '/v1/%2e%2e/admin/users'])(
      'a member does not reach an admin path by the spelling %s',
      async (path) => {
        const answer = await get(path, [bearer(member)])
        expect([400, 403]).toContain(answer.status)
        expect(answer.body).not.toContain('caller')
      },
    )

    test('401 to a HEAD request has no body, and the connection goes on', async () => {
      const answer = await ask(running.port, { method: 'HEAD', path: '/v1/hello' })
      expect([answer.status, answer.body]).toEqual([401, ''])
    })

    test('400: two credentials, or an organization that is none, are passed on as such', async () => {
      for (const headers of [
        [bearer(member), bearer(admin)],
        [bearer(admin), ['IB-Context', 'acme'] as const],
      ]) {
        const answer = await get('/v1/hello', headers)
        expect(answer.status).toBe(400)
        if (answer.headers['content-type']?.[0] === 'application/problem+json')
          expect(answer.json()).toMatchObject({ status: 400, code: 'bad_request' })
      }
    })

    test.each(['//forward-auth', '/forward_auth', '/Forward-Auth', '/forward-auth/../x', '/auth', '/sign-ins'])(
      'nobody gets in when the proxy asks %s by mistake, with or without a token',
      async (address) => {
        const edit = (text: string) => text.replace(/(http:\/\/portcullis|uri )\/forward-auth/, `$1${address}`)
        const mistaken = await runProxy(proxy, { portcullis: portcullis.port, api: api.port }, edit)
        for (const headers of [[], [bearer(admin)]]) {
          const answer = await ask(mistaken.port, { path: '/v1/hello', headers })
          // nginx makes 500 of the 404, and the example 503 of that; HAProxy's says 503, too; Caddy passes it on.
          expect([404, 503]).toContain(answer.status)
          expect(answer.body).not.toContain('caller')
        }
        await mistaken.stop()
      },
    )

    test('502: the API is away, and that is not blamed on the token', async () => {
      const alone = await runProxy(proxy, { portcullis: portcullis.port, api: await freePort() })
      const answer = await ask(alone.port, { path: '/v1/hello', headers: [bearer(admin)] })
      await alone.stop()
      expect(answer.status).toBe(502)
    })

    test('503 when Portcullis accepts connections and never answers', async () => {
      const silent = await runSilentServer()
      const alone = await runProxy(proxy, { portcullis: silent.port, api: api.port })
      const answer = await ask(alone.port, { path: '/v1/hello', headers: [bearer(admin)] })
      await alone.stop()
      await silent.stop()
      expect(answer.status).toBe(503)
      expect(answer.json()).toMatchObject({ status: 503, code: 'unavailable' })
    })

    test('503: Portcullis is away, nobody is let in, and the client may try again', async () => {
      const alone = await runProxy(proxy, { portcullis: await freePort(), api: api.port })
      const answer = await ask(alone.port, { path: '/v1/hello', headers: [bearer(admin)] })
      await alone.stop()
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toEqual(['1'])
      expect(answer.json()).toMatchObject({ status: 503, code: 'unavailable' })
    })
  })
}
