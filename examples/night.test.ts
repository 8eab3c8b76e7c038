import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPortcullis } from './running.ts'

const manual = readFileSync(join(import.meta.dirname, '../docs/operations.md'), 'utf8')
const section = manual.split(/^## /m).find((it) => it.startsWith('At three in the morning')) ?? ''
const [lowering = '', disabling = ''] = [...section.matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map((it) => it[1] ?? '')
const hasCurl = spawnSync('curl', ['--version']).status === 0
const resourceKey = 'a-resource-key-of-the-tests-0123456789'

/** What the manual tells an operator to type at night is typed here, into a running instance. */
describe.skipIf(!hasCurl)('the gate comes down as the manual says', () => {
  let running: Awaited<ReturnType<typeof runPortcullis>>
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-night-'))
    running = await runPortcullis({ PORTCULLIS_RESOURCE_KEY: resourceKey })
  })
  afterAll(async () => {
    await running.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const typed = (commands: string, more: Record<string, string> = {}) => {
    const { url, organization } = running
    const env = {
      URL: url,
      ORG: organization,
      EMAIL: 'ada@example.com',
      PASSWORD: 'correct horse battery staple',
      ...more,
    }
    return execFileSync('sh', ['-euc', commands], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    })
  }
  const introspect = async (token: string) =>
    (
      await fetch(`${running.url}/oauth2/introspect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${resourceKey}` },
        body: new URLSearchParams({ token }),
      })
    ).json()

  test('P2, P11: with curl; and raised again the token works as before (P3)', async () => {
    const { secret } = await running.newToken()
    expect(await introspect(secret)).toMatchObject({ active: true })
    const said = typed(lowering)
    expect(said).toContain('"creation":"none"')
    expect(said).toContain('"confirmed"')
    expect(await introspect(secret)).toMatchObject({ active: false, reason: 'suspended' })
    typed(lowering.replace('"none"', '"all"'))
    expect(await introspect(secret)).toMatchObject({ active: true })
  })

  test('on the server, for every organization at once, and back', async () => {
    const { secret } = await running.newToken()
    const portcullis = (...args: string[]) =>
      execFileSync(process.execPath, [join(import.meta.dirname, '../server/src/main.ts'), ...args], {
        env: { PATH: process.env.PATH, PORTCULLIS_DATA: running.dataFolder },
        encoding: 'utf8',
      })
    expect(section).toContain('`portcullis recovery begin`')
    portcullis('recovery', 'begin')
    expect(await introspect(secret)).toMatchObject({ active: false, reason: 'suspended' })
    expect(section).toContain('`portcullis recovery confirm --all`')
    portcullis('recovery', 'confirm', '--all')
    expect(await introspect(secret)).toMatchObject({ active: true })
    // Everybody was signed out, this test's admin among them.
    typed(lowering.replace('"none"', '"all"'))
  })

  test('E1: a provider is switched off with curl', async () => {
    const provider = {
      name: 'Foreign',
      issuer: 'https://idp.example',
      jwksUrl: 'https://idp.example/jwks',
      audiences: ['api'],
    }
    const origin = { origin: running.url, 'content-type': 'application/json' }
    const jar = readFileSync(join(folder, 'jar'), 'utf8')
    const [, , , , , name = '', value = ''] =
      jar
        .split('\n')
        .findLast((it) => it.includes('session_token'))
        ?.split('\t') ?? []
    const path = `${running.url}/api/v1/organizations/${running.organization}/oauth-providers`
    const headers = { ...origin, cookie: `${name}=${value}` }
    const made = (await (await fetch(path, { method: 'POST', headers, body: JSON.stringify(provider) })).json()) as {
      id: string
    }
    expect(typed(disabling, { PROVIDER: made.id })).toContain('"enabled":false')
  })
})
