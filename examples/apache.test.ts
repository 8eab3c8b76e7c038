import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, type RawRequest } from '../server/test/raw-http.ts'
import { apache, isInstalled, type Running, runApi, runPortcullis, runProxy, runSilentServer } from './running.ts'

const resourceKey = 'the-Resource-key-0f-the-apache-test-7Kq2'
const module = '/usr/lib/apache2/modules/mod_auth_openidc.so'
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const leftOut =
  isInstalled(apache) && existsSync(module) && hasOpenssl
    ? ''
    : ': LEFT OUT, apache2, mod_auth_openidc or openssl is not installed here'

/** A certificate for 127.0.0.1 that is its own authority. */
function createCertificate(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', cert]
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
    ...names,
    ...files,
  ])
  if (status !== 0) throw new Error(String(stderr))
  return { key, cert }
}

/** The TLS proxy that operators have in front of Portcullis: the module speaks https only. */
async function runTlsProxy(target: number, { key, cert }: { key: string; cert: string }): Promise<Running> {
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (req, res) => {
    const { method, url, headers } = req
    const upstream = forward({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    upstream.on('error', () => res.destroy())
    req.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port: (server.address() as AddressInfo).port, stop }
}

describe.skipIf(leftOut)(`Apache with mod_auth_openidc in front of a tiny API${leftOut}`, () => {
  let portcullis: Awaited<ReturnType<typeof runPortcullis>>
  let api: Running
  let folder: string
  let certificate: { key: string; cert: string }
  let tls: Running
  let running: Running
  let admin: { id: string; secret: string }
  let member: { id: string; secret: string }

  /** Apache on its example, asking at this port. */
  const runApache = (port: number) =>
    runProxy(apache, { portcullis: port, api: api.port }, (text) =>
      text
        .replaceAll('https://portcullis.example.com', `https://127.0.0.1:${port}`)
        .replace('# OIDCCABundlePath ca.pem', `OIDCCABundlePath ${certificate.cert}`)
        // biome-ignore lint/suspicious/noTemplateCurlyInString: how Apache names a variable of its environment.
        .replace('${PORTCULLIS_RESOURCE_KEY}', resourceKey),
    )

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-tls-'))
    // Apache's workers, which read the certificate, run as another user.
    chmodSync(folder, 0o755)
    certificate = createCertificate(folder)
    portcullis = await runPortcullis({ PORTCULLIS_RESOURCE_KEY: resourceKey })
    api = await runApi()
    tls = await runTlsProxy(portcullis.port, certificate)
    running = await runApache(tls.port)
    // With an expiration, until which the module would cache what it read by default.
    admin = await portcullis.newToken(undefined, 3600)
    member = await portcullis.newToken(await portcullis.newServiceAccount())
  })
  afterAll(async () => {
    for (const server of [running, tls, api, portcullis]) await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

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
        token: admin.id,
      },
    })
    expect(answer.body).not.toContain(admin.secret)
  })

  test('401 while tokens are suspended, at once, and 200 for the same token afterwards', async () => {
    expect((await get('/v1/hello', [bearer(admin)])).status).toBe(200)
    await portcullis.setCreation('none')
    const refused = await get('/v1/hello', [bearer(admin)])
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']?.[0]).toMatch(/^Bearer error="invalid_token"/)
    await portcullis.setCreation('all')
    expect((await get('/v1/hello', [bearer(admin)])).status).toBe(200)
  })

  test('401 without a token, with an unknown one, and with one in the query string', async () => {
    expect((await get('/v1/hello')).status).toBe(401)
    expect((await get('/v1/hello', [['Authorization', 'Bearer nonsense']])).status).toBe(401)
    expect((await get(`/v1/hello?access_token=${admin.secret}`)).status).toBe(401)
  })

  test('what a client says about itself never reaches the API, in any spelling', async () => {
    const names = ['Organization', 'Account', 'Account-Kind', 'Role', 'Groups', 'Token', 'Require-Role']
    const separators = (name: string): string[] => {
      const at = name.indexOf('-')
      if (at < 0) return [name]
      return separators(name.slice(at + 1)).flatMap((rest) => ['-', '_'].map((mark) => name.slice(0, at) + mark + rest))
    }
    const spellings = names.flatMap((name) => separators(`X-Portcullis-${name}`))
    const answer = await get('/v1/hello', [...spellings.map((name) => [name, 'admin'] as const), bearer(member)])
    const { caller, arrived } = answer.json() as { caller: object; arrived: Record<string, string[]> }
    expect(caller).toMatchObject({ role: 'member', groups: [], organization: portcullis.organization })
    expect(Object.keys(arrived).filter((name) => name.includes('_'))).toEqual([])
    expect(Object.values(arrived).flat()).not.toContain('admin')
  })

  test('403 for a member below /admin, in every spelling of the path; 200 for an admin', async () => {
    for (const path of ['/admin/users', '/%61dmin/users', '//admin/users', '/v1/../admin/users'])
      expect((await get(path, [bearer(member)])).status).toBe(403)
    expect((await get('/admin/users', [bearer(admin)])).status).toBe(200)
  })

  test('401, and nobody is let in, when Portcullis is silent', async () => {
    const silent = await runSilentServer()
    const alone = await runApache(silent.port)
    const answer = await ask(alone.port, { path: '/v1/hello', headers: [bearer(admin)] })
    await alone.stop()
    await silent.stop()
    expect(answer.status).toBe(401)
    expect(answer.body).not.toContain('caller')
  })
})
