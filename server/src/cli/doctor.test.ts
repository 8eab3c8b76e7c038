import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Environment, parseSettings, type Settings } from '../config.ts'
import type { DatabaseFacts } from '../db/facts.ts'
import { judgeCatalogue } from './doctor/catalogue.ts'
import {
  judgeClock,
  judgeMigrations,
  judgeOrganizations,
  judgeVersion,
  judgeWall,
  mendOfFailure,
} from './doctor/database.ts'
import { doubt, type Finding, fault, fine, reasonOf } from './doctor/finding.ts'
import { judgeFolder, judgeMode, judgeSpace } from './doctor/folder.ts'
import { judgeMail, judgeServer, judgeTraces } from './doctor/network.ts'
import { countsOf, reportText } from './doctor/report.ts'
import { judgeConfiguration, judgeConsole, judgeKeptSecrets, judgeNode, judgeProxies } from './doctor/setup.ts'

const strong = 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0'
const settingsOf = (env: Environment): Settings => {
  const parsed = parseSettings(env)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.value
}
const levels = (findings: readonly Finding[]) => findings.map((it) => it.level)

/** Every finding that is not well must say how to mend it. */
function expectMends(findings: readonly Finding[]) {
  for (const it of findings) expect(it.level === 'ok' || (it.mend ?? '') !== '').toBe(true)
}

describe('what the set-up is judged by', () => {
  test('Node.js', () => {
    expect(judgeNode('24.0.0').level).toBe('ok')
    expect(judgeNode('22.18.0').level).toBe('fault')
  })

  test('the configuration: each fault and each warning by the name of its variable', () => {
    const env = { PORT: 'x', LOG_LEVEL: 'loud' }
    const faults = judgeConfiguration(env, parseSettings(env))
    expect(levels(faults)).toEqual(['fault', 'fault'])
    expect(faults[0]?.what).toMatch(/^PORT must be/)
    const plain = { PORTCULLIS_URL: 'http://portcullis.example.com/' }
    expect(levels(judgeConfiguration(plain, parseSettings(plain)))).toEqual(['ok', 'warning', 'warning'])
    expectMends([...faults, ...judgeConfiguration(plain, parseSettings(plain))])
  })

  test.each([
    [{ PORTCULLIS_SECRET: strong, PORTCULLIS_RESOURCE_KEY: strong.toLowerCase() }, ['ok']],
    [{}, ['ok']],
    [{ PORTCULLIS_SECRET: 'a'.repeat(32), PORTCULLIS_RESOURCE_KEY: 'abab'.repeat(10) }, ['fault', 'fault']],
    [{ PORTCULLIS_SECRET: strong, PORTCULLIS_RESOURCE_KEY: strong }, ['fault']],
    [{ PORTCULLIS_TRUSTED_PROXIES: '10.0.0.1,0.0.0.0/0' }, ['fault']],
    [{ PORTCULLIS_SECRETS: strong }, ['ok', 'warning']],
  ])('configuration %j: %j, as a start takes or refuses it', (env, expected) => {
    const findings = judgeConfiguration(env, parseSettings(env))
    expect(levels(findings)).toEqual(expected)
    expectMends(findings)
    expect(JSON.stringify(findings)).not.toContain(strong)
  })

  test.each([
    [{}, 'ok'],
    [{ PORTCULLIS_URL: 'https://portcullis.example.com' }, 'warning'],
    [{ PORTCULLIS_URL: 'https://portcullis.example.com', PORTCULLIS_TRUSTED_PROXIES: '10.0.0.1' }, 'ok'],
  ])('proxies %j: %s', (env, expected) => {
    expect(judgeProxies(settingsOf(env)).level).toBe(expected)
    expectMends([judgeProxies(settingsOf(env))])
  })

  test('the catalogue of preview features: none, good, broken with its first fault', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-doctor-'))
    const featuresFile = join(folder, 'features.yaml')
    writeFileSync(featuresFile, 'features: []')
    expect((await judgeCatalogue({ featuresFile: undefined })).level).toBe('ok')
    expect(await judgeCatalogue({ featuresFile })).toEqual(fine('Features', `0 in ${featuresFile}`))
    writeFileSync(featuresFile, 'features: [{}]')
    const broken = await judgeCatalogue({ featuresFile })
    expect(broken).toMatchObject({ level: 'fault', what: expect.stringContaining(`${featuresFile}:1:12: `) })
    expect(broken.what).toContain('and 3 more')
    expectMends([broken])
    rmSync(folder, { recursive: true })
  })

  test('a console that was not built', () => {
    expect(judgeConsole(pathToFileURL('/nonexistent/index.html')).level).toBe('fault')
    expect(judgeConsole(new URL(import.meta.url)).level).toBe('ok')
  })
})

describe('what the database is judged by', () => {
  const facts: DatabaseFacts = {
    version: 150004,
    versionText: '15.4',
    nowMs: 0,
    role: 'app',
    schema: { unbound: false, organizations: 1 },
  }

  test('its version', () => {
    expect(judgeVersion(facts, false)).toEqual(fine('Database', 'PostgreSQL 15.4'))
    expect(judgeVersion({ ...facts, version: 140011, versionText: '14.11' }, false).level).toBe('fault')
  })

  test.each([
    [0, 'ok'],
    [-900, 'ok'],
    [-5000, 'warning'],
    [5100, 'warning'],
    [-60_000, 'fault'],
    [60_000, 'fault'],
  ])('a clock that is %i ms away: %s', (offsetMs, expected) => {
    expect(judgeClock(1_000_000 + offsetMs, 1_000_000, 1_000_050).level).toBe(expected)
  })

  test('the slowness of an answer is no skew', () => {
    expect(judgeClock(1_009_000, 1_000_000, 1_010_000).level).toBe('ok')
  })

  test('migrations, the second wall, organizations', () => {
    expect(levels([judgeMigrations([]), judgeMigrations(['002-next'])])).toEqual(['ok', 'warning'])
    expect(levels(judgeWall(facts))).toEqual(['ok'])
    expect(levels(judgeWall({ ...facts, schema: { unbound: true, organizations: 1 } }))).toEqual(['warning'])
    expect(levels(judgeOrganizations({ ...facts, schema: { unbound: false, organizations: 0 } }))).toEqual(['warning'])
    expect([
      ...judgeWall({ ...facts, schema: undefined }),
      ...judgeOrganizations({ ...facts, schema: undefined }),
    ]).toEqual([])
  })

  test.each(['ECONNREFUSED', '28P01', '3D000', '42501', 'ENOTFOUND', 'XX000'])('%s: a way to mend it', (code) => {
    expect(mendOfFailure(Object.assign(new Error('no'), { code }), settingsOf({}))).not.toBe('')
  })
})

describe('what the data folder is judged by', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-doctor-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('free space', () => {
    expect(levels([1e10, 5e8, 1e7].map((it) => judgeSpace(it, '/data')))).toEqual(['ok', 'warning', 'fault'])
  })

  test('its mode', () => {
    expect(levels([0o40700, 0o40750, 0o40701, 0o40770, 0o40777].map((it) => judgeMode('/data', it)))).toEqual([
      'ok',
      'warning',
      'warning',
      'fault',
      'fault',
    ])
  })

  test('a folder that is not there yet is no fault, and is not made', () => {
    expect(levels(judgeFolder(join(folder, 'a', 'b')))).not.toContain('fault')
    expect(judgeFolder(join(folder, 'a', 'b'))[0]?.what).toContain('will be made')
  })

  test('a secret that others can read; a file instead of a folder', () => {
    writeFileSync(join(folder, 'secret'), strong)
    chmodSync(join(folder, 'secret'), 0o644)
    expect(judgeFolder(folder)).toContainEqual(
      fault('Secrets', `${folder}/secret can be read by others on this machine.`, `chmod 600 ${folder}/secret`),
    )
    expect(levels(judgeFolder(join(folder, 'secret')))).toEqual(['fault'])
  })

  test('a kept secret that a start would refuse', () => {
    const settings = settingsOf({ PORTCULLIS_DATA: folder })
    expect(judgeKeptSecrets(settings)).toEqual([])
    writeFileSync(join(folder, 'secret'), 'short')
    writeFileSync(join(folder, 'resource-key'), strong)
    expect(levels(judgeKeptSecrets(settings))).toEqual(['fault'])
  })
})

describe('what the network is judged by', () => {
  let listener: Server
  const listenWith = async (greeting: string) => {
    listener = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(greeting)
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    return (listener.address() as { port: number }).port
  }
  const closed = async () => {
    const port = await listenWith('')
    await new Promise((resolve) => listener.close(resolve))
    return port
  }

  test('nothing listens', async () => {
    expect(await judgeServer(settingsOf({ PORT: String(await closed()) }))).toMatchObject({
      level: 'warning',
      what: expect.stringContaining('does not run'),
    })
  })

  test.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
    ['HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', 'fault'],
    ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'fault'],
    ['SSH-2.0-OpenSSH\r\n', 'fault'],
  ])('%j answers: %s', async (greeting, expected) => {
    const port = await listenWith(greeting)
    const finding = await judgeServer(settingsOf({ PORT: String(port) }))
    expect(finding.level).toBe(expected)
    expectMends([finding])
    listener.close()
  })

  test('a collector of traces that takes them, that answers otherwise, and that is away', async () => {
    const statuses: Record<string, number> = { '/v1/traces': 200, '/guarded': 401, '/wrong': 404 }
    const collector = createHttpServer((req, res) => res.writeHead(statuses[req.url ?? ''] ?? 500).end('{}'))
    await new Promise<void>((done) => collector.listen(0, '127.0.0.1', () => done()))
    const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
    const levelAt = async (path: string) =>
      (await judgeTraces(settingsOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url + path }))).level
    expect((await judgeTraces(settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/` }))).level).toBe('ok')
    expect([await levelAt('/guarded'), await levelAt('/wrong')]).toEqual(['ok', 'warning'])
    await new Promise((done) => collector.close(done))
    expect(await judgeTraces(settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: url }))).toMatchObject({ level: 'warning' })
    expect((await judgeTraces(settingsOf({}))).level).toBe('ok')
  })

  test('mail that nobody takes, without the password in the finding', async () => {
    const env = { SMTP_URL: `smtp://user:p4ssw0rd@127.0.0.1:${await closed()}`, MAIL_FROM: 'a@example.com' }
    const finding = await judgeMail(settingsOf(env))
    expect(finding.level).toBe('fault')
    expect(JSON.stringify(finding)).not.toContain('p4ssw0rd')
    expect((await judgeMail(settingsOf({}))).level).toBe('ok')
  })
})

describe('the report', () => {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  const findings = [
    fine('Node.js', '24.0.0'),
    doubt('Server', 'does not run.', 'Start it with `portcullis start`.'),
    fault('Data folder', `/data ${'word '.repeat(30).trim()}.`, 'chmod 700 /data'),
  ]

  test('aligned, wrapped, without colours where there is no terminal', () => {
    const text = reportText(findings, { stream, width: 80 })
    const lines = text.split('\n')
    expect(lines.every((line) => line.length <= 80)).toBe(true)
    expect(lines.slice(0, 4)).toEqual([
      '',
      '  ok       Node.js      24.0.0',
      '  warning  Server       does not run.',
      '                        → Start it with `portcullis start`.',
    ])
    expect(text).toMatch(/\n {2}1 fault, 1 warning\. Mend the faults first\.\n$/)
    expect(text).not.toContain('\u001b')
  })

  test('counts', () => {
    expect(countsOf(findings)).toEqual({ faults: 1, warnings: 1 })
    expect(reportText([fine('Node.js', '24')], { stream, width: 80 })).toContain('Everything is in order.')
  })

  test('a reason of many reasons is the first of them', () => {
    const inner = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' })
    expect(reasonOf(new AggregateError([inner]))).toBe('connect ECONNREFUSED ::1:5432')
    expect(reasonOf(Object.assign(new Error('no'), { code: '28P01' }))).toBe('no (28P01)')
  })
})
