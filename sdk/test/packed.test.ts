import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resourceKey, type ScriptedServer, scriptedServer, sendJson } from './scripted-server.ts'
import { accountA, activeAnswer, managedSecret } from './tokens.ts'

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

/** A CommonJS project in TypeScript (`module: node16`), which gives the environment's values as they are. */
const commonJsProgram = `
import { createVerifier, type Verification } from '@portcullis/sdk'
import { portcullis as hono } from '@portcullis/sdk/hono'
import { portcullis as express } from '@portcullis/sdk/express'
import { portcullis as fastify } from '@portcullis/sdk/fastify'
import { guarded } from '@portcullis/sdk/node'
import { createCheck } from '@portcullis/sdk/web'

async function main(token: string): Promise<void> {
  const verifier = createVerifier({
    url: process.env.PORTCULLIS_URL,
    key: process.env.PORTCULLIS_RESOURCE_KEY,
    name: process.env.VERIFIER_NAME,
  })
  await verifier.ready()
  const verification: Verification = await verifier.verify(token)
  const check = createCheck(verifier, { role: 'admin' })
  const caller = await check(new Request('http://localhost/', { headers: { authorization: 'Bearer ' + token } }))
  const anonymous = await check(new Request('http://localhost/'))
  await verifier.close()
  const middlewares = [hono(verifier), express(verifier), fastify(verifier), guarded(verifier, () => {})]
  console.log(
    JSON.stringify({
      isCommonJs: typeof require === 'function' && typeof module === 'object',
      active: verification.active,
      accountId: caller instanceof Response ? caller.status : caller.account.id,
      anonymous: anonymous instanceof Response ? anonymous.status : anonymous.account.id,
      middlewares: middlewares.map((middleware) => typeof middleware),
    }),
  )
}
main(process.argv[2] ?? '').catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
`

/** An application that loads the middleware as CommonJS and reads the verification from an ES module. */
const mixedFormats = `
import { createRequire } from 'node:module'
import { createVerifier } from '@portcullis/sdk'
import * as esModule from '@portcullis/sdk/hono'
const commonJs = createRequire(import.meta.url)('@portcullis/sdk/hono')
const [url, key, token] = process.argv.slice(2)
const verifier = createVerifier({ url, key })
const context = { req: { raw: new Request('http://localhost/', { headers: { authorization: 'Bearer ' + token } }) } }
await commonJs.portcullis(verifier)(context, async () => {})
await verifier.close()
console.log(JSON.stringify({
  isAnotherCopy: commonJs.portcullis !== esModule.portcullis,
  accountId: esModule.verificationOf(context).account.id,
}))
`

let server: ScriptedServer
let host: string
let commonJsHost: string

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
  commonJsHost = join(host, 'common-js')
  mkdirSync(commonJsHost)
  writeFileSync(join(commonJsHost, 'package.json'), '{"type":"commonjs"}')
  writeFileSync(join(commonJsHost, 'program.ts'), commonJsProgram)
})
afterAll(async () => {
  await server.close()
  rmSync(host, { recursive: true, force: true })
})

const tsc = join(root, 'node_modules/typescript/bin/tsc')

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

describe('in a CommonJS project in TypeScript, compiled with module node16', () => {
  // Node's types come from this repository; everything of the SDK comes from the tarball.
  const compile = () => {
    const options = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmitOnError: true }
    const typeRoots = [join(root, 'node_modules/@types')]
    const compilerOptions = { ...options, module: 'node16', target: 'es2022', typeRoots, types: ['node'] }
    writeFileSync(join(commonJsHost, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    return run(process.execPath, [tsc, '-p', commonJsHost]).catch((error) => error)
  }
  const start = (node: string, env: Record<string, string>) =>
    run(node, ['program.js', managedSecret()], { cwd: commonJsHost, env: { PATH: process.env.PATH, ...env } }).catch(
      (error) => error,
    )
  beforeAll(async () => {
    expect((await compile()).stdout).toBe('')
  })

  test.each(nodes)('it decides with every entry point: %s', async (node) => {
    const env = { PORTCULLIS_URL: server.url, PORTCULLIS_RESOURCE_KEY: resourceKey }
    const { stdout, stderr } = await start(node, env)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      isCommonJs: true,
      active: true,
      accountId: accountA,
      anonymous: 401,
      middlewares: ['function', 'function', 'function', 'function'],
    })
  })

  test.each<[string, Record<string, string>]>([
    ['url is missing: give the address', { PORTCULLIS_RESOURCE_KEY: resourceKey }],
    ['url is missing: give the address', { PORTCULLIS_URL: '', PORTCULLIS_RESOURCE_KEY: resourceKey }],
    ['key is missing: give a resource key', { PORTCULLIS_URL: 'http://127.0.0.1:1' }],
    ['key is missing: give a resource key', { PORTCULLIS_URL: 'http://127.0.0.1:1', PORTCULLIS_RESOURCE_KEY: '' }],
  ])('%s when the environment has none: %j', async (message, env) => {
    const { stderr, code } = await start(process.execPath, env)
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${message}`))
  })
})

test('what one module format verified, the other finds', async () => {
  writeFileSync(join(host, 'formats.mjs'), mixedFormats)
  const { stdout } = await run(process.execPath, ['formats.mjs', server.url, resourceKey, managedSecret()], {
    cwd: host,
  })
  expect(JSON.parse(stdout)).toEqual({ isAnotherCopy: true, accountId: accountA })
})

test('it holds what was compiled, the words, the licence, and nothing else', () => {
  const installed = join(host, 'node_modules/@portcullis/sdk')
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json'])
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
  expect(
    files.filter(
      (it) => !/^(cjs[/])?middleware$|^cjs$|^cjs[/]package\.json$|\.js$|\.d\.ts$/.test(it) || it.includes('.test.'),
    ),
  ).toEqual([])
})
