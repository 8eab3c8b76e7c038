import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { findUnknownNames } from './config-names.ts'
import {
  environmentSchema,
  type Fields,
  type SeveralSecrets,
  sharesSecret,
  type Variable,
  variables,
} from './config-schema.ts'
import { keptSecret } from './kept-secrets.ts'

export { type SeveralSecrets, variables } from './config-schema.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says by itself, before the data folder is looked at. */
export type Settings = Readonly<ReturnType<typeof toSettings>> & {
  /** What works, and yet should be looked at. */
  readonly warnings: readonly ConfigFault[]
}

/** Everything that a start needs to know, frozen. Secrets stand newest first: the first signs, all are accepted. */
export interface Config extends Settings {
  readonly secrets: SeveralSecrets
  readonly resourceKeys: SeveralSecrets
}

/** What is wrong with a variable, as the end of a sentence that begins with its name; never a value that may be secret. */
export interface ConfigFault {
  readonly variable: string
  readonly message: string
}

export type Configured<T> = { ok: true; value: T } | { ok: false; faults: readonly ConfigFault[] }

/** Where generated secrets are kept, inside the data folder. */
export const keptSecretFiles = { PORTCULLIS_SECRET: 'secret', PORTCULLIS_RESOURCE_KEY: 'resource-key' } as const

/** Where the built console is; the environment has no say in that. */
export const consoleFolder = resolve(import.meta.dirname, '../../console/dist')

/** Whether a URL's host can only mean this very machine. */
export const isLoopback = (hostname: string): boolean =>
  /(^|\.)localhost$/.test(hostname) || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)

const isSet = (env: Environment, variable: string) => (env[variable] ?? '').trim() !== ''

/** Each of these may also be read from the file that `NAME_FILE` names, as orchestrators mount secrets. */
const fileVariables: readonly Variable[] = [
  'DATABASE_URL',
  'PORTCULLIS_MIGRATION_URL',
  'PORTCULLIS_SECRET',
  'PORTCULLIS_RESOURCE_KEY',
  'PORTCULLIS_METRICS_KEY',
  'PORTCULLIS_ADMIN_PASSWORD',
  'SMTP_URL',
]
const fileNames = fileVariables.map((variable) => `${variable}_FILE`)
const maxFileBytes = 64 * 1024

/** The environment with the contents of the files that it names. An editor's line break at the end is no part of a value. */
function readFiles(env: Environment): { env: Environment; faults: ConfigFault[] } {
  const read: Record<string, string | undefined> = { ...env }
  const faults: ConfigFault[] = []
  for (const variable of fileVariables.filter((name) => isSet(env, `${name}_FILE`))) {
    const fail = (message: string) => faults.push({ variable: `${variable}_FILE`, message })
    if (isSet(env, variable)) fail(`is set, and ${variable} is, too: set one of them`)
    try {
      const value = readFileSync((env[`${variable}_FILE`] ?? '').trim(), 'utf8').replace(/\r?\n$/, '')
      if (value.trim() === '') fail('names a file that is empty')
      else if (value.length > maxFileBytes) fail(`names a file of more than ${maxFileBytes} bytes`)
      else read[variable] = value
    } catch (error) {
      fail(`names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`)
    }
  }
  return { env: read, faults }
}

function* findWarnings(env: Environment, publicUrl: string): Generator<ConfigFault> {
  const url = new URL(publicUrl)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    const message = 'is not encrypted: passwords and tokens travel in clear; put TLS in front and name it https://…'
    yield { variable: 'PORTCULLIS_URL', message }
  }
  if (env.PORTCULLIS_URL?.trim().endsWith('/')) {
    yield { variable: 'PORTCULLIS_URL', message: 'ends with a slash, which is left out' }
  }
  if (isSet(env, 'MAIL_FROM') && !isSet(env, 'SMTP_URL')) {
    yield { variable: 'MAIL_FROM', message: 'has no effect without SMTP_URL' }
  }
  for (const [name, nearest] of findUnknownNames(Object.keys(env), [...variables, ...fileNames])) {
    yield { variable: name, message: `is not known and has no effect; is ${nearest} meant?` }
  }
}

function toSettings(env: Fields) {
  const port = env.PORT ?? 3000
  const allSignals = env.OTEL_EXPORTER_OTLP_ENDPOINT
  const collector =
    env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (allSignals && `${allSignals.replace(/\/$/, '')}/v1/traces`)
  const {
    DATABASE_URL: url,
    PORTCULLIS_ADMIN_EMAIL: email,
    PORTCULLIS_ADMIN_PASSWORD: password,
    PORTCULLIS_ORGANIZATION: organization,
    SMTP_URL: smtpUrl,
    MAIL_FROM: from,
  } = env
  return {
    host: env.HOST ?? '127.0.0.1',
    port,
    /** Scheme, host and port, without a trailing slash. */
    publicUrl: env.PORTCULLIS_URL ?? `http://localhost:${port}`,
    /** Absolute; holds the embedded database, the generated secrets and the socket. */
    dataFolder: env.PORTCULLIS_DATA ?? resolve('data'),
    hasDataFolder: env.PORTCULLIS_DATA !== undefined,
    /** Without `migrationUrl` the login of `url` may own the tables, too (then the second wall is weaker). */
    database: url
      ? { kind: 'postgres' as const, url, migrationUrl: env.PORTCULLIS_MIGRATION_URL }
      : { kind: 'embedded' as const },
    secrets: env.PORTCULLIS_SECRET,
    resourceKeys: env.PORTCULLIS_RESOURCE_KEY,
    /** What /metrics accepts besides the resource keys, so that a scraper needs none of those. */
    metricsKeys: env.PORTCULLIS_METRICS_KEY,
    /** Who and what to create on a first start without any organization. */
    firstAdmin: email && password && organization ? { email, password, organization } : undefined,
    /** CIDRs whose forwarding headers are believed. */
    trustedProxies: env.PORTCULLIS_TRUSTED_PROXIES ?? [],
    /** Hosts, addresses and CIDRs that key sets may be fetched from though they are not globally reachable (E7). */
    allowedJwksHosts: env.PORTCULLIS_ALLOWED_JWKS_HOSTS ?? [],
    /** Origins of pages, besides the console's, that may call the API with a token; `*` is any. */
    corsOrigins: env.PORTCULLIS_CORS_ORIGINS ?? [],
    /** What may carry a token besides `Authorization: Bearer`. */
    tokenSchemes: env.PORTCULLIS_TOKEN_SCHEMES ?? [],
    /** The catalogue of preview features (F1). */
    featuresFile: env.PORTCULLIS_FEATURES,
    productName: env.PORTCULLIS_PRODUCT_NAME ?? 'AI Hub',
    /** The most tokens that an account may have, expired ones included. */
    tokensPerAccount: env.PORTCULLIS_TOKENS_PER_ACCOUNT ?? 1000,
    /** The most changes that an account may make in a minute. */
    changesPerMinute: env.PORTCULLIS_CHANGES_PER_MINUTE ?? 300,
    mail: smtpUrl && from ? { url: smtpUrl, from } : undefined,
    logLevel: env.LOG_LEVEL ?? ('info' as const),
    /** OpenTelemetry: where traces go (its library reads that by itself), and the share of those begun here that is kept. */
    traces: collector === undefined ? undefined : { collector, share: env.OTEL_TRACES_SAMPLER_ARG ?? 1 },
  }
}

/** The environment by itself, with every fault at once. An empty variable counts as unset. */
export function parseSettings(given: Environment): Configured<Settings> {
  const { env, faults } = readFiles(given)
  const parsed = environmentSchema.safeParse(env)
  const nameOf = (variable: string) => (isSet(given, `${variable}_FILE`) ? `${variable}_FILE` : variable)
  const unread = new Set(faults.map(({ variable }) => variable))
  const found = [...faults]
  for (const { path, message } of parsed.error?.issues ?? []) {
    const variable = nameOf(String(path[0]))
    if (!unread.has(variable)) found.push({ variable, message })
  }
  if (!parsed.success || found.length > 0) return { ok: false, faults: found.sort((a, b) => orderOf(a) - orderOf(b)) }
  const settings = toSettings(parsed.data)
  return { ok: true, value: freeze({ ...settings, warnings: [...findWarnings(given, settings.publicUrl)] }) }
}

const orderOf = ({ variable }: ConfigFault) => variables.indexOf(variable.replace(/_FILE$/, '') as Variable)

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part)
  return Object.freeze(value)
}

/** Settings with the secrets that the data folder keeps; they are made there on a first start. */
export function completeConfig(settings: Settings): Configured<Config> {
  const faults: ConfigFault[] = []
  const keep = (variable: keyof typeof keptSecretFiles, given: SeveralSecrets | undefined): SeveralSecrets => {
    if (given) return given
    const file = join(settings.dataFolder, keptSecretFiles[variable])
    try {
      const env = { [variable]: keptSecret(settings.dataFolder, keptSecretFiles[variable]) }
      const parsed = environmentSchema.safeParse(env)
      const kept = parsed.data?.[variable]
      if (kept) return kept
      faults.push({ variable, message: `is kept in ${file}, and ${parsed.error?.issues[0]?.message ?? 'is empty'}` })
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
      faults.push({ variable, message: `cannot be kept in PORTCULLIS_DATA (${settings.dataFolder}): ${reason}` })
    }
    return ['']
  }
  const secrets = keep('PORTCULLIS_SECRET', settings.secrets)
  const resourceKeys = keep('PORTCULLIS_RESOURCE_KEY', settings.resourceKeys)
  if (faults.length === 0 && sharesSecret(secrets, resourceKeys, settings.metricsKeys)) {
    const message =
      'must differ from PORTCULLIS_RESOURCE_KEY and PORTCULLIS_METRICS_KEY, those in the data folder included'
    faults.push({ variable: 'PORTCULLIS_SECRET', message })
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: freeze({ ...settings, secrets, resourceKeys }) }
}

let envFiles: Environment = {}

/** Adds a file of `NAME=value` lines to the environment, before which its values take precedence. */
export function loadEnvFile(file: string): void {
  envFiles = { ...envFiles, ...parseEnv(readFileSync(file, 'utf8')) }
}

/** The environment of this process; nothing else reads it. */
export const environment = (): Environment => ({ ...process.env, ...envFiles })

/** The database that a configuration leads to, without what is secret. */
export function describeDatabase({ database, dataFolder }: Pick<Settings, 'database' | 'dataFolder'>): string {
  if (database.kind === 'embedded') return `the embedded database in ${dataFolder}`
  const { host, pathname, searchParams } = new URL(database.url)
  return `the database ${decodeURIComponent(pathname.slice(1))} on ${searchParams.get('host') ?? host}`
}

/** A fault as one sentence. */
export const faultText = ({ variable, message }: ConfigFault): string =>
  `${variable} ${message}${message.endsWith('?') ? '' : '.'}`
