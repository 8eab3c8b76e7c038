import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { completeConfig, type Environment, faultText, parseSettings, type Settings, variables } from './config.ts'
import { isWeakSecret } from './kernel/weak-secret.ts'

const secret = 'a-secret-that-is-long-enough-for-anyone'
const resourceKey = 'another-key-that-is-long-enough-as-well'
const postgres = {
  DATABASE_URL: 'postgres://app:pw@db.example:5432/portcullis',
  PORTCULLIS_SECRET: secret,
  PORTCULLIS_RESOURCE_KEY: resourceKey,
}
const first = {
  PORTCULLIS_ADMIN_EMAIL: 'ada@example.com',
  PORTCULLIS_ADMIN_PASSWORD: 'correct horse battery',
  PORTCULLIS_ORGANIZATION: 'Acme',
}

const settingsOf = (env: Environment): Settings => {
  const parsed = parseSettings(env)
  if (!parsed.ok) throw new Error(parsed.faults.map(faultText).join('\n'))
  return parsed.value
}
const readConfig = (env: Environment) => completeConfig(settingsOf(env))
const blamed = (env: Environment): string[] => {
  const parsed = parseSettings(env)
  return parsed.ok ? [] : parsed.faults.map((it) => it.variable)
}

test('nothing set: every default, frozen', () => {
  const settings = settingsOf({})
  expect(settings).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://localhost:3000',
    dataFolder: join(process.cwd(), 'data'),
    database: { kind: 'embedded' },
    firstAdmin: undefined,
    trustedProxies: [],
    allowedJwksHosts: [],
    featuresFile: undefined,
    productName: 'AI Hub',
    mail: undefined,
    logLevel: 'info',
    traces: undefined,
    warnings: [],
  })
  expect(Object.isFrozen(settings) && Object.isFrozen(settings.trustedProxies)).toBe(true)
})

test('an empty variable counts as unset', () => {
  expect(settingsOf(Object.fromEntries(variables.map((it) => [it, ' '])))).toEqual(settingsOf({}))
})

const good: [Environment, Partial<Settings>][] = [
  [{ PORT: '8080' }, { port: 8080, publicUrl: 'http://localhost:8080' }],
  [{ PORT: ' 1 ' }, { port: 1 }],
  [{ PORT: '65535' }, { port: 65535 }],
  [{ HOST: '::' }, { host: '::' }],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
    { traces: { collector: 'http://localhost:4318/v1/traces', share: 1 } },
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c.example/v1/traces', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    { traces: { collector: 'https://c.example/v1/traces', share: 0.25 } },
  ],
  [{ OTEL_TRACES_SAMPLER_ARG: '0.25' }, { traces: undefined }],
  [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
  [{ HOST: 'localhost' }, { host: 'localhost' }],
  [{ PORTCULLIS_URL: 'https://portcullis.example.com' }, { publicUrl: 'https://portcullis.example.com' }],
  [{ PORTCULLIS_URL: 'https://Portcullis.example.com:443/' }, { publicUrl: 'https://portcullis.example.com' }],
  [{ PORTCULLIS_DATA: '/var/lib/portcullis/' }, { dataFolder: '/var/lib/portcullis' }],
  [{ PORTCULLIS_SECRET: `${secret}2, ${secret}1` }, { secrets: [`${secret}2`, `${secret}1`] }],
  [{ PORTCULLIS_RESOURCE_KEY: `${secret},${secret}9` }, { resourceKeys: [secret, `${secret}9`] }],
  [first, { firstAdmin: { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' } }],
  [
    { ...first, PORTCULLIS_ADMIN_PASSWORD: ' spaces are mine ' },
    { firstAdmin: { email: 'ada@example.com', password: ' spaces are mine ', organization: 'Acme' } },
  ],
  [
    { PORTCULLIS_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,::1,fd00::/8' },
    { trustedProxies: ['10.0.0.0/8', '192.0.2.7/32', '::1/128', 'fd00::/8'] },
  ],
  [
    { PORTCULLIS_ALLOWED_JWKS_HOSTS: 'idp.internal, 10.0.0.0/8,::1' },
    { allowedJwksHosts: ['idp.internal', '10.0.0.0/8', '::1'] },
  ],
  [
    { PORTCULLIS_CORS_ORIGINS: 'https://app.example.com, http://localhost:5173' },
    { corsOrigins: ['https://app.example.com', 'http://localhost:5173'] },
  ],
  [{ PORTCULLIS_CORS_ORIGINS: '*' }, { corsOrigins: ['*'] }],
  [{ PORTCULLIS_TOKEN_SCHEMES: 'X-API-Key, basic' }, { tokenSchemes: ['x-api-key', 'basic'] }],
  [{}, { corsOrigins: [], tokenSchemes: [] }],
  [{ PORTCULLIS_PRODUCT_NAME: ' Mühle 水車 ' }, { productName: 'Mühle 水車' }],
  [
    { SMTP_URL: 'smtps://user:pw@mail.example.com:465', MAIL_FROM: 'Portcullis <no-reply@example.com>' },
    { mail: { url: 'smtps://user:pw@mail.example.com:465', from: 'Portcullis <no-reply@example.com>' } },
  ],
  [
    { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'R & D <r&d@bücher.example>' },
    { mail: { url: 'smtp://127.0.0.1', from: 'R & D <r&d@bücher.example>' } },
  ],
  [{ LOG_LEVEL: 'WARN' }, { logLevel: 'warn' }],
  [postgres, { database: { kind: 'postgres', url: postgres.DATABASE_URL, migrationUrl: undefined } }],
  [
    { ...postgres, PORTCULLIS_MIGRATION_URL: 'postgresql:///portcullis?host=/run/postgresql' },
    {
      database: {
        kind: 'postgres',
        url: postgres.DATABASE_URL,
        migrationUrl: 'postgresql:///portcullis?host=/run/postgresql',
      },
    },
  ],
]

test.each(good)('%j is good', (env, expected) => expect(settingsOf(env)).toMatchObject(expected))

const bad: [variable: string, ...values: string[]][] = [
  ['PORT', '0', '65536', '-1', '3000.5', '0x10', 'http', '1e3', '٣'],
  ['HOST', 'not a host', '1.2.3', '1.2.3.4.5', 'http://localhost', '-a.example', ':::'],
  [
    'PORTCULLIS_URL',
    'localhost:3000',
    'ftp://example.com',
    'https://',
    'https://u:p@example.com',
    'https://example.com/base',
    'https://example.com/?',
    'https://example.com#x',
  ],
  [
    'DATABASE_URL',
    'mysql://u:p@host/db',
    'db.example',
    'postgres://u:p@host',
    'postgres://u:p@host/',
    'host=x dbname=y',
    'postgres://u:p@host/db?sslmode=verify_full',
    'postgres://u:p@host/db?sslmode=verify-full&sslrootcert=/nonexistent.pem',
  ],
  ['PORTCULLIS_MIGRATION_URL', 'mysql://u:p@host/db', 'postgres://u:p@host'],
  ['PORTCULLIS_DATA', 'a\0b', 'x'.repeat(2000)],
  ['PORTCULLIS_FEATURES', 'a\0b', 'x'.repeat(2000)],
  ['PORTCULLIS_TOKENS_PER_ACCOUNT', '0', '-1', '1.5', 'many', '1000001'],
  ['PORTCULLIS_CHANGES_PER_MINUTE', '0', '1e3', '٣', '1000001'],
  ['PORTCULLIS_SECRET', 'short', `${secret},`, `${secret},${secret}`, `${secret}\u0007`, 'x'.repeat(1025)],
  ['PORTCULLIS_RESOURCE_KEY', 'x'.repeat(31), `${resourceKey},short`, `${secret} with space`, `${secret}é`],
  ['PORTCULLIS_RESOURCE_KEY', Array.from({ length: 11 }, (_, i) => `${secret}${i}`).join(',')],
  ['PORTCULLIS_METRICS_KEY', 'x'.repeat(31), `${secret} with space`, 'ab'.repeat(20)],
  [
    'PORTCULLIS_ADMIN_EMAIL',
    'ada',
    'ada@',
    'ada\u200b@example.com',
    'a@b@example.com',
    `${'a'.repeat(250)}@example.com`,
  ],
  ['PORTCULLIS_ADMIN_PASSWORD', 'elevenchars', 'x'.repeat(129)],
  ['PORTCULLIS_ORGANIZATION', 'x'.repeat(101), 'two\nlines', '\ud800'],
  [
    'PORTCULLIS_TRUSTED_PROXIES',
    '10.0.0.1,0.0.0.0/0',
    '::/0',
    '0.0.0.0/1,128.0.0.0/1',
    'proxy.example',
    '10.0.0.0/33',
    '10.0.0.0/8,',
    '1',
    '300.0.0.1',
    '::/129',
  ],
  ['PORTCULLIS_ALLOWED_JWKS_HOSTS', 'http://idp.internal', 'idp.internal,', '10.0.0.0/33', '*.internal', 'a b', '1.2'],
  [
    'PORTCULLIS_CORS_ORIGINS',
    'app.example.com',
    'https://app.example.com/',
    'https://APP.example.com',
    'https://app.example.com:443',
    'https://u:p@app.example.com',
    'https://*.example.com',
    'https://app.example.com,*',
    'https://app.example.com,',
    'null',
    'ftp://app.example.com',
  ],
  ['PORTCULLIS_TOKEN_SCHEMES', 'bearer', 'basic,', 'cookie', 'x-api-key basic'],
  ['PORTCULLIS_PRODUCT_NAME', 'x'.repeat(61), 'a\u0000b'],
  ['SMTP_URL', 'mail.example.com', 'http://mail.example.com', 'smtp://'],
  ['MAIL_FROM', 'nobody', 'Name <nobody>', 'a@example.com\nBcc: b@example.com'],
  ['LOG_LEVEL', 'loud'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'grpc://collector:4317', 'collector'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'localhost:4318/v1/traces', 'ftp://collector'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5', '-1', '50%', '.5', '1e-3'],
]

describe.each(bad)('%s', (variable, ...values) => {
  test.each(values)('%j is refused, and the variable is named', (text) => {
    expect(blamed({ ...postgres, ...first, MAIL_FROM: 'a@example.com', [variable]: text })).toEqual([variable])
  })
})

test('every variable has a bad value in this table', () => {
  expect(new Set(bad.map(([variable]) => variable))).toEqual(new Set(variables))
})

test('no fault repeats a value that may be secret', () => {
  const canary = 'CANARY'
  for (const variable of variables.filter(
    (it) => !['PORT', 'HOST', 'LOG_LEVEL', 'PORTCULLIS_TRUSTED_PROXIES'].includes(it),
  )) {
    const parsed = parseSettings({ ...postgres, [variable]: `${canary}\u0007` })
    expect(JSON.stringify(parsed.ok ? [] : parsed.faults)).not.toContain(canary)
  }
})

test('faults between variables: each is told, and all at once', () => {
  expect(blamed({ DATABASE_URL: postgres.DATABASE_URL })).toEqual(['PORTCULLIS_SECRET', 'PORTCULLIS_RESOURCE_KEY'])
  expect(blamed({ PORTCULLIS_MIGRATION_URL: postgres.DATABASE_URL })).toEqual(['PORTCULLIS_MIGRATION_URL'])
  expect(blamed({ SMTP_URL: 'smtp://mail.example.com' })).toEqual(['MAIL_FROM'])
  expect(blamed({ PORTCULLIS_ADMIN_EMAIL: 'ada@example.com' })).toEqual([
    'PORTCULLIS_ADMIN_PASSWORD',
    'PORTCULLIS_ORGANIZATION',
  ])
  expect(blamed({ PORT: 'x', LOG_LEVEL: 'y', HOST: '?' })).toEqual(['PORT', 'HOST', 'LOG_LEVEL'])
})

test.each([
  [{ PORTCULLIS_URL: 'http://portcullis.example.com' }, 'PORTCULLIS_URL'],
  [{ PORTCULLIS_URL: 'https://portcullis.example.com/' }, 'PORTCULLIS_URL'],
  [{ MAIL_FROM: 'a@example.com' }, 'MAIL_FROM'],
])('%j works, with a warning', (env, variable) => {
  expect(settingsOf(env).warnings.map((it) => it.variable)).toEqual([variable])
})

test.each([
  ['PORTCULLIS_SECRETS', 'PORTCULLIS_SECRET'],
  ['PORTCULLIS_TRUSTED_PROXY', 'PORTCULLIS_TRUSTED_PROXIES'],
  ['PORTCULIS_URL', 'PORTCULLIS_URL'],
  ['Portcullis_Data', 'PORTCULLIS_DATA'],
  ['PORTCULLIS_SECRET_FIL', 'PORTCULLIS_SECRET_FILE'],
])('%s has no effect, and the warning names %s', (name, nearest) => {
  const { warnings } = settingsOf({ [name]: 'x' })
  expect(warnings).toEqual([{ variable: name, message: expect.stringContaining(`is ${nearest} meant?`) }])
})

test('names of other programs, and those that Kubernetes gives a service, cause no warning', () => {
  const names = ['PATH', 'PORTAL_URL', 'PORTCULLIS_SERVICE_HOST', 'PORTCULLIS_PORT', 'PORTCULLIS_PORT_3000_TCP_ADDR']
  expect(settingsOf(Object.fromEntries(names.map((name) => [name, 'x']))).warnings).toEqual([])
})

describe('secrets that must be hard to guess', () => {
  const weak = [
    'a'.repeat(40),
    'abab'.repeat(10),
    'mXb4tq8ZsW2nQe7R'.repeat(2),
    '0123456789abcdefghijklmnopqrstuvwxyz',
    'zyxwvutsrqponmlkjihgfedcba9876543210',
    'change-me-change-me-to-something-else',
    'please-replace-this-with-your-secret-value',
  ]
  const names = ['PORTCULLIS_SECRET', 'PORTCULLIS_RESOURCE_KEY', 'PORTCULLIS_METRICS_KEY']
  test.each(names.flatMap((name) => weak.map((value) => [name, value])))('%s=%s is refused', (name = '', value) => {
    expect(blamed({ ...postgres, [name]: value })).toEqual([name])
    expect(blamed({ ...postgres, [name]: `mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0,${value}` })).toEqual([name])
  })

  test('no secret that openssl makes is refused', () => {
    for (let round = 0; round < 2000; round += 1) {
      expect(isWeakSecret(randomBytes(32).toString('base64'))).toBe(false)
      expect(isWeakSecret(randomBytes(16).toString('hex'))).toBe(false)
    }
  })
})

test('two purposes never have one secret in common, in any entry', () => {
  const names = ['PORTCULLIS_SECRET', 'PORTCULLIS_RESOURCE_KEY', 'PORTCULLIS_METRICS_KEY']
  for (const one of names) {
    for (const other of names.filter((name) => name !== one)) {
      const env = { ...postgres, PORTCULLIS_METRICS_KEY: 'a-third-value-nobody-else-may-ever-hold' }
      const shared = 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0'
      expect(blamed({ ...env, [one]: `${shared},${secret}-1`, [other]: `${secret}-2,${shared}` })).toEqual([
        'PORTCULLIS_SECRET',
      ])
    }
  }
  const password = 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0'
  expect(blamed({ ...first, PORTCULLIS_SECRET: password, PORTCULLIS_ADMIN_PASSWORD: password })).toEqual([
    'PORTCULLIS_SECRET',
  ])
})

describe('secrets in files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-secrets-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const write = (name: string, value: string) => {
    writeFileSync(join(folder, name), value)
    return join(folder, name)
  }

  test('the content is the value, without the line break at its end', () => {
    const env = {
      DATABASE_URL_FILE: write('url', `${postgres.DATABASE_URL}\n`),
      PORTCULLIS_SECRET_FILE: write('secret', `${secret}\r\n`),
      PORTCULLIS_RESOURCE_KEY_FILE: write('key', resourceKey),
      PORTCULLIS_METRICS_KEY_FILE: write('metrics', `${secret}-3,${secret}-4\n`),
    }
    expect(settingsOf(env)).toMatchObject({
      database: { kind: 'postgres', url: postgres.DATABASE_URL },
      secrets: [secret],
      resourceKeys: [resourceKey],
      metricsKeys: [`${secret}-3`, `${secret}-4`],
      warnings: [],
    })
  })

  test.each([
    ['a file that is not there', { PORTCULLIS_SECRET_FILE: '/nonexistent/CANARY' }],
    ['a folder', { PORTCULLIS_SECRET_FILE: folder }],
    ['an empty file', { PORTCULLIS_SECRET_FILE: write('empty', '\n') }],
    ['a value that is refused', { PORTCULLIS_SECRET_FILE: write('short', 'CANARY') }],
    ['a value that is given twice', { PORTCULLIS_SECRET_FILE: write('twice', secret), PORTCULLIS_SECRET: secret }],
  ])('%s: one fault, named after the variable that was set', (_what, env) => {
    const parsed = parseSettings({ ...env, PORTCULLIS_RESOURCE_KEY: resourceKey })
    expect(parsed.ok ? [] : parsed.faults.map(({ variable }) => variable)).toEqual(['PORTCULLIS_SECRET_FILE'])
    expect(JSON.stringify(parsed)).not.toContain('CANARY')
  })
})

test.each(['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:8080', 'http://a.localhost'])(
  '%s is loopback and needs no warning',
  (url) => expect(settingsOf({ PORTCULLIS_URL: url }).warnings).toEqual([]),
)

describe('secrets that the data folder keeps', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('made once, for their owner alone, and read again', () => {
    const env = { PORTCULLIS_DATA: join(folder, 'data') }
    const one = readConfig(env)
    const two = readConfig(env)
    expect(one.ok && one.value.secrets[0]).toHaveLength(43)
    expect(two).toEqual(one)
    expect(one.ok && one.value.secrets[0] !== one.value.resourceKeys[0]).toBe(true)
    expect(readdirSync(env.PORTCULLIS_DATA).sort()).toEqual(['resource-key', 'secret'])
    for (const file of ['resource-key', 'secret']) {
      expect(statSync(join(env.PORTCULLIS_DATA, file)).mode & 0o777).toBe(0o600)
    }
  })

  test('what the environment names is never written down', () => {
    const config = readConfig({
      PORTCULLIS_DATA: folder,
      PORTCULLIS_SECRET: secret,
      PORTCULLIS_RESOURCE_KEY: resourceKey,
    })
    expect(config.ok && config.value.secrets).toEqual([secret])
    expect(readdirSync(folder)).toEqual([])
  })

  test('a kept secret is held to the same rules, and must differ from what the environment names', () => {
    writeFileSync(join(folder, 'secret'), `${secret}\n`)
    const same = readConfig({ PORTCULLIS_DATA: folder, PORTCULLIS_RESOURCE_KEY: secret })
    expect(same.ok ? [] : same.faults.map(({ variable }) => variable)).toEqual(['PORTCULLIS_SECRET'])
    writeFileSync(join(folder, 'secret'), 'a'.repeat(43))
    const weak = readConfig({ PORTCULLIS_DATA: folder })
    expect(weak.ok ? [] : weak.faults.map(({ variable }) => variable)).toEqual(['PORTCULLIS_SECRET'])
  })

  test('a kept secret that is broken is refused by name, and left as it is', () => {
    writeFileSync(join(folder, 'secret'), 'short')
    const config = readConfig({ PORTCULLIS_DATA: folder })
    expect(config.ok ? [] : config.faults.map((it) => it.variable)).toEqual(['PORTCULLIS_SECRET'])
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('short')
  })

  test('a folder that cannot be made is told with its path', () => {
    writeFileSync(join(folder, 'file'), '')
    const config = readConfig({ PORTCULLIS_DATA: join(folder, 'file') })
    expect(config.ok ? '' : config.faults.map(faultText).join()).toContain(join(folder, 'file'))
  })
})
