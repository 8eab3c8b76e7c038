import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, runPortcullis, runSilentServer } from './running.ts'

const run = promisify(execFile)
const resourceKey = 'the-Resource-key-0f-the-guides-test-7Kq2'
const guide = readFileSync(join(import.meta.dirname, '../docs/guides/verification.md'), 'utf8')

/** The guide's first code block in a language: what readers copy is what runs here. */
function codeBlock(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(guide)?.[1]
  if (code === undefined) throw new Error(`the guide has no ${language}`)
  return code
}

interface Program {
  language: string
  file: string
  isInstalled: () => boolean
  /** Turns the file into what is run, if that takes a step of its own. */
  build?: (folder: string) => Promise<unknown>
  command: (folder: string) => [string, ...string[]]
}

const succeeds = (command: string, ...options: string[]) => spawnSync(command, options).status === 0
/** Debian's libgoogle-gson-java. */
const gson = '/usr/share/java/gson.jar'

const programs: Program[] = [
  {
    language: 'python',
    file: 'introspection.py',
    isInstalled: () => succeeds('python3', '--version'),
    command: (folder) => ['python3', join(folder, 'introspection.py')],
  },
  {
    language: 'go',
    file: 'introspection.go',
    isInstalled: () => succeeds('go', 'version'),
    build: (folder) => run('go', ['build', '-o', 'introspection', 'introspection.go'], { cwd: folder }),
    command: (folder) => [join(folder, 'introspection')],
  },
  {
    language: 'java',
    file: 'Introspection.java',
    isInstalled: () => succeeds('javac', '-version') && existsSync(gson),
    build: (folder) => run('javac', ['-cp', gson, 'Introspection.java'], { cwd: folder }),
    command: (folder) => ['java', '-cp', `${gson}:${folder}`, 'Introspection'],
  },
]

let portcullis: Awaited<ReturnType<typeof runPortcullis>>
let folder: string
let token: { id: string; secret: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-guide-'))
  portcullis = await runPortcullis({ PORTCULLIS_RESOURCE_KEY: resourceKey })
  token = await portcullis.newToken()
})
afterAll(async () => {
  await portcullis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const environment = (over: Record<string, string> = {}) => ({
  ...process.env,
  PORTCULLIS_URL: portcullis.url,
  PORTCULLIS_RESOURCE_KEY: resourceKey,
  ...over,
})

describe.skipIf(!succeeds('curl', '--version'))('the curl command of the guide', () => {
  const introspect = async (secret: string) => {
    const { stdout } = await run('bash', ['-c', codeBlock('sh')], { env: environment({ TOKEN: secret }) })
    return JSON.parse(stdout)
  }

  test('shows an active token with the fields of the guide, and no others', async () => {
    const answer = await introspect(token.secret)
    expect(answer).toMatchObject({ active: true, token_id: token.id, organization_id: portcullis.organization })
    const [, table = ''] = guide.split('### Fields of an active token')
    const documented = [...(table.split('###')[0] ?? '').matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    )
    expect(documented).toEqual(expect.arrayContaining(Object.keys(answer).filter((name) => name !== 'active')))
  })

  test('shows the reason of a token that is not active', async () => {
    expect(await introspect('a token & more')).toEqual({ active: false, reason: 'malformed' })
  })
})

for (const { language, file, isInstalled, build, command } of programs) {
  const leftOut = isInstalled() ? '' : ': LEFT OUT, it is not installed here'
  describe.skipIf(leftOut)(`the ${language} program of the guide${leftOut}`, () => {
    beforeAll(async () => {
      writeFileSync(join(folder, file), codeBlock(language))
      await build?.(folder)
      // Go compiles its standard library once.
    }, 300_000)

    const introspect = async (secret: string, over: Record<string, string> = {}) => {
      const [program, ...options] = command(folder)
      const { stdout } = await run(program, [...options, secret], { env: environment(over) })
      return stdout.trim()
    }

    test('200 for a good token', async () => {
      expect(await introspect(token.secret)).toBe(`200 ${portcullis.adminId} admin`)
    })

    test('401 while the organization suspends its tokens', async () => {
      await portcullis.setCreation('none')
      expect(await introspect(token.secret)).toBe('401 suspended')
      await portcullis.setCreation('all')
    })

    test('401 for what is no token, whatever characters are in it', async () => {
      expect(await introspect('a token & more=ü')).toBe('401 malformed')
    })

    test('503, and not 401, when the resource key is wrong', async () => {
      expect(await introspect(token.secret, { PORTCULLIS_RESOURCE_KEY: 'another-key' })).toBe('503')
    })

    test('503 when Portcullis is away or silent', async () => {
      const away = `http://127.0.0.1:${await freePort()}`
      expect(await introspect(token.secret, { PORTCULLIS_URL: away })).toBe('503')
      const silent = await runSilentServer()
      expect(await introspect(token.secret, { PORTCULLIS_URL: `http://127.0.0.1:${silent.port}` })).toBe('503')
      await silent.stop()
    })

    test.each([302, 307])('503 when the address redirects by %i, and the key goes nowhere else', async (status) => {
      const paths: string[] = []
      const redirecting = createServer((req, res) => {
        paths.push(req.url ?? '')
        if (req.url === '/elsewhere') res.end(JSON.stringify({ active: true, account_id: 'mem_1', role: 'admin' }))
        else res.writeHead(status, { location: '/elsewhere' }).end()
      }).listen(0, '127.0.0.1')
      await once(redirecting, 'listening')
      const { port } = redirecting.address() as AddressInfo
      expect(await introspect(token.secret, { PORTCULLIS_URL: `http://127.0.0.1:${port}` })).toBe('503')
      expect(paths).toEqual(['/oauth2/introspect'])
      redirecting.close()
    })
  })
}
