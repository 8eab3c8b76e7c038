import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resourceKey, type ScriptedServer, scriptedServer, sendJson } from './scripted-server.ts'
import { activeAnswer, managedSecret } from './tokens.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')

/** A host's program in plain JavaScript, as somebody installs it; it must end by itself once the verifier is closed. */
const program = `
import { createVerifier } from '@portcullis/sdk'
import { portcullis as hono } from '@portcullis/sdk/hono'
import { portcullis as express } from '@portcullis/sdk/express'
import { portcullis as fastify } from '@portcullis/sdk/fastify'
import { guarded } from '@portcullis/sdk/node'
const [url, key, token] = process.argv.slice(2)
const verifier = createVerifier({ url, key })
await verifier.ready()
const first = await verifier.verify(token)
const second = verifier.verify(token)
await verifier.close()
console.log(JSON.stringify({
  first,
  atOnce: !(second instanceof Promise) && second.active,
  middlewares: [hono, express, fastify].map((it) => typeof it(verifier)).concat(typeof guarded(verifier, () => {})),
}))
`

/** The same by somebody who has TypeScript, strict and with every library's types checked. */
const typedProgram = `
import { createVerifier, type Verification } from '@portcullis/sdk'
import { portcullis as hono, verificationOf } from '@portcullis/sdk/hono'
import { portcullis as express } from '@portcullis/sdk/express'
import { portcullis as fastify } from '@portcullis/sdk/fastify'
import { guarded } from '@portcullis/sdk/node'
const verifier = createVerifier({ url: 'https://portcullis.example', key: 'k', onMetric: (it) => it.type === 'decided' && it.active })
export const verified: Promise<Verification> = Promise.resolve(verifier.verify('token'))
export const username = async () => {
  const it = await verifier.verify('token', { organization: undefined })
  return it.active ? it.account.username : it.whose?.account?.username
}
export const middlewares = [hono(verifier), express(verifier, { role: 'admin' }), fastify(verifier), verificationOf]
export const listener = guarded(verifier, (_req, res, it) => void res.end(it.organizationId))
// @ts-expect-error A refusal has no account.
export const wrong = async () => (await verifier.verify('token')).account
`

let server: ScriptedServer
let host: string

beforeAll(async () => {
  server = await scriptedServer()
  server.answers.introspect = (res) => sendJson(res, activeAnswer(), server.headOf(server.point))
  host = mkdtempSync(join(tmpdir(), 'portcullis-sdk-'))
  await run('npm', ['pack', '-w', 'sdk', '--pack-destination', host], { cwd: root })
  const installed = join(host, 'node_modules/@portcullis/sdk')
  mkdirSync(installed, { recursive: true })
  const [tarball = ''] = readdirSync(host).filter((it) => it.endsWith('.tgz'))
  await run('tar', ['-xzf', join(host, tarball), '-C', installed, '--strip-components=1'])
  writeFileSync(join(host, 'package.json'), '{"type":"module"}')
  writeFileSync(join(host, 'program.js'), program)
  writeFileSync(join(host, 'typed.ts'), typedProgram)
})
afterAll(async () => {
  await server.close()
  rmSync(host, { recursive: true, force: true })
})

/** This node, and another one (the oldest that is supported, say) where the environment names it. */
const nodes = [process.execPath, ...(process.env.PORTCULLIS_TEST_OTHER_NODE?.split(',') ?? [])]

test.each(nodes)('installed from its tarball it decides, and lets the process end: %s', async (node) => {
  const { stdout, stderr } = await run(node, ['program.js', server.url, resourceKey, managedSecret()], { cwd: host })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({
    first: { active: true },
    atOnce: true,
    middlewares: ['function', 'function', 'function', 'function'],
  })
})

test('its types are whole, for a host that knows nothing of ours', async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom',
    '--types',
    '',
  ]
  const { stdout } = await run(process.execPath, [tsc, ...options, 'typed.ts'], { cwd: host }).catch((error) => error)
  expect(stdout).toBe('')
})

test('it holds what was compiled, the words, the licence, and nothing else', () => {
  const installed = join(host, 'node_modules/@portcullis/sdk')
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  expect(files.filter((it) => !/^middleware$|\.js$|\.d\.ts$/.test(it) || it.includes('.test.'))).toEqual([])
})
