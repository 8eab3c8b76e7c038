import { join, resolve } from 'node:path'
import type { LogLevel, Reading, SeveralSecrets } from './config-readers.ts'
import * as readers from './config-readers.ts'
import { keptSecret } from './kept-secrets.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says by itself, before any file is looked at. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Scheme, host and port, without a trailing slash. */
  readonly publicUrl: string
  /** Absolute; holds the embedded database, the generated secrets and the socket. */
  readonly dataFolder: string
  /** Without `migrationUrl` one login both owns the tables and serves (the second wall is weaker then). */
  readonly database:
    | { readonly kind: 'embedded' }
    | { readonly kind: 'postgres'; readonly url: string; readonly migrationUrl: string | undefined }
  readonly secrets: SeveralSecrets | undefined
  readonly resourceKeys: SeveralSecrets | undefined
  /** Who and what to create on a first start without any organization. */
  readonly firstAdmin: { readonly email: string; readonly password: string; readonly organization: string } | undefined
  /** CIDRs whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[]
  /** Hosts, addresses and CIDRs that key sets may be fetched from though they are not globally reachable (E7). */
  readonly allowedJwksHosts: readonly string[]
  /** The catalogue of preview features (F1). */
  readonly featuresFile: string | undefined
  readonly productName: string
  /** The most tokens that an account may have, expired ones included. */
  readonly tokensPerAccount: number
  /** The most changes that an account may make in a minute. */
  readonly changesPerMinute: number
  readonly mail: { readonly url: string; readonly from: string } | undefined
  readonly logLevel: LogLevel
  /** OpenTelemetry: where traces go (its library reads that by itself), and the share of those begun here that is kept. */
  readonly traces: { readonly collector: string; readonly share: number } | undefined
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
  readonly variable: Variable
  readonly message: string
}

export type Configured<T> = { ok: true; value: T } | { ok: false; faults: readonly ConfigFault[] }

/** Every variable that is read, in the order in which faults are told. */
export const variables = [
  'PORT',
  'HOST',
  'PORTCULLIS_URL',
  'DATABASE_URL',
  'PORTCULLIS_MIGRATION_URL',
  'PORTCULLIS_DATA',
  'PORTCULLIS_SECRET',
  'PORTCULLIS_RESOURCE_KEY',
  'PORTCULLIS_ADMIN_EMAIL',
  'PORTCULLIS_ADMIN_PASSWORD',
  'PORTCULLIS_ORGANIZATION',
  'PORTCULLIS_TRUSTED_PROXIES',
  'PORTCULLIS_PRODUCT_NAME',
  'PORTCULLIS_ALLOWED_JWKS_HOSTS',
  'PORTCULLIS_FEATURES',
  'PORTCULLIS_TOKENS_PER_ACCOUNT',
  'PORTCULLIS_CHANGES_PER_MINUTE',
  'SMTP_URL',
  'MAIL_FROM',
  'LOG_LEVEL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_TRACES_SAMPLER_ARG',
] as const
export type Variable = (typeof variables)[number]

/** Where generated secrets are kept, inside the data folder. */
export const keptSecretFiles = { PORTCULLIS_SECRET: 'secret', PORTCULLIS_RESOURCE_KEY: 'resource-key' } as const

/** Where the built console stands, which is no matter of the environment. */
export const consoleFolder = resolve(import.meta.dirname, '../../console/dist')

const isSet = (env: Environment, variable: Variable) => (env[variable] ?? '').trim() !== ''

/** Faults that lie between variables. */
function* contradictions(env: Environment): Generator<ConfigFault> {
  const has = (variable: Variable) => isSet(env, variable)
  for (const variable of ['PORTCULLIS_SECRET', 'PORTCULLIS_RESOURCE_KEY'] as const) {
    if (has('DATABASE_URL') && !has(variable)) {
      const message = 'must be set when DATABASE_URL is, since all processes share it (openssl rand -base64 32)'
      yield { variable, message }
    }
  }
  if (has('PORTCULLIS_MIGRATION_URL') && !has('DATABASE_URL')) {
    yield { variable: 'PORTCULLIS_MIGRATION_URL', message: 'is set, but DATABASE_URL is not' }
  }
  if (has('SMTP_URL') && !has('MAIL_FROM')) {
    yield { variable: 'MAIL_FROM', message: 'must name the sender when SMTP_URL is set' }
  }
  const first = ['PORTCULLIS_ADMIN_EMAIL', 'PORTCULLIS_ADMIN_PASSWORD', 'PORTCULLIS_ORGANIZATION'] as const
  for (const variable of first.some(has) ? first.filter((it) => !has(it)) : []) {
    yield { variable, message: `is missing: set ${first.join(', ')} together, or none of them` }
  }
}

/** Whether a URL's host can only mean this very machine. */
export const isLoopback = (hostname: string): boolean =>
  /(^|\.)localhost$/.test(hostname) || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)

function* doubts(env: Environment, publicUrl: string): Generator<ConfigFault> {
  const url = new URL(publicUrl)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    const message = 'is not encrypted: passwords and tokens travel in clear; put TLS in front and name it https://…'
    yield { variable: 'PORTCULLIS_URL', message }
  }
  if (env.PORTCULLIS_URL?.trim().endsWith('/')) {
    yield { variable: 'PORTCULLIS_URL', message: 'ends with a slash, which is left out' }
  }
  if (isSet(env, 'DATABASE_URL') && !isSet(env, 'PORTCULLIS_MIGRATION_URL')) {
    const message = 'is unset: the service runs as the role that owns the tables, so the second wall (O1) is weaker'
    yield { variable: 'PORTCULLIS_MIGRATION_URL', message }
  }
  if (isSet(env, 'MAIL_FROM') && !isSet(env, 'SMTP_URL')) {
    yield { variable: 'MAIL_FROM', message: 'has no effect without SMTP_URL' }
  }
}

/** The environment by itself: pure, and every fault at once. An empty variable counts as unset. */
export function parseSettings(env: Environment): Configured<Settings> {
  const faults: ConfigFault[] = [...contradictions(env)]
  const take = <T>(variable: Variable, read: (text: string) => Reading<T>): T | undefined => {
    if (!isSet(env, variable)) return undefined
    const text = env[variable] ?? ''
    // Space around a value is a slip of the pen, but for a password it may be part of it.
    const reading = read(variable === 'PORTCULLIS_ADMIN_PASSWORD' ? text : text.trim())
    if ('value' in reading) return reading.value
    faults.push({ variable, message: reading.wrong })
    return undefined
  }
  const port = take('PORT', readers.readPort) ?? 3000
  const publicUrl = take('PORTCULLIS_URL', readers.readPublicUrl) ?? `http://localhost:${port}`
  const url = take('DATABASE_URL', readers.readDatabaseUrl)
  const migrationUrl = take('PORTCULLIS_MIGRATION_URL', readers.readDatabaseUrl)
  const email = take('PORTCULLIS_ADMIN_EMAIL', readers.readEmail)
  const password = take('PORTCULLIS_ADMIN_PASSWORD', readers.readPassword)
  const organization = take('PORTCULLIS_ORGANIZATION', readers.readName(100))
  const smtpUrl = take('SMTP_URL', readers.readSmtpUrl)
  const from = take('MAIL_FROM', readers.readMailFrom)
  const allSignals = take('OTEL_EXPORTER_OTLP_ENDPOINT', readers.readCollector)
  const tracesAlone = take('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', readers.readCollector)
  const collector = tracesAlone ?? (allSignals && `${allSignals.replace(/\/$/, '')}/v1/traces`)
  const share = take('OTEL_TRACES_SAMPLER_ARG', readers.readShare) ?? 1
  const settings: Settings = {
    host: take('HOST', readers.readHost) ?? '127.0.0.1',
    port,
    publicUrl,
    dataFolder: take('PORTCULLIS_DATA', readers.readFolder) ?? resolve('data'),
    database: url ? { kind: 'postgres', url, migrationUrl } : { kind: 'embedded' },
    secrets: take('PORTCULLIS_SECRET', readers.readSecrets),
    resourceKeys: take('PORTCULLIS_RESOURCE_KEY', readers.readResourceKeys),
    firstAdmin: email && password && organization ? { email, password, organization } : undefined,
    trustedProxies: take('PORTCULLIS_TRUSTED_PROXIES', readers.readProxies) ?? [],
    featuresFile: take('PORTCULLIS_FEATURES', readers.readFolder),
    allowedJwksHosts: take('PORTCULLIS_ALLOWED_JWKS_HOSTS', readers.readJwksHosts) ?? [],
    productName: take('PORTCULLIS_PRODUCT_NAME', readers.readName(60)) ?? 'AI Hub',
    tokensPerAccount: take('PORTCULLIS_TOKENS_PER_ACCOUNT', readers.readCount(1_000_000)) ?? 1000,
    changesPerMinute: take('PORTCULLIS_CHANGES_PER_MINUTE', readers.readCount(1_000_000)) ?? 300,
    mail: smtpUrl && from ? { url: smtpUrl, from } : undefined,
    logLevel: take('LOG_LEVEL', readers.readLogLevel) ?? 'info',
    traces: collector === undefined ? undefined : { collector, share },
    warnings: [...doubts(env, publicUrl)],
  }
  const inOrder = faults.sort((a, b) => orderOf(a) - orderOf(b))
  return inOrder.length > 0 ? { ok: false, faults: inOrder } : { ok: true, value: freeze(settings) }
}

const orderOf = ({ variable }: ConfigFault) => variables.indexOf(variable)

function freeze<T extends object>(it: T): T {
  for (const value of Object.values(it)) if (typeof value === 'object' && value !== null) freeze(value)
  return Object.freeze(it)
}

/** Settings with the secrets that the data folder keeps; they are made there on a first start. */
export function completeConfig(settings: Settings): Configured<Config> {
  const faults: ConfigFault[] = []
  const keep = (variable: keyof typeof keptSecretFiles, given: SeveralSecrets | undefined): SeveralSecrets => {
    if (given) return given
    const file = keptSecretFiles[variable]
    try {
      const reading = readers.readSecrets(keptSecret(settings.dataFolder, file))
      if ('value' in reading) return reading.value
      faults.push({ variable, message: `is kept in ${join(settings.dataFolder, file)}, and ${reading.wrong}` })
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
      faults.push({ variable, message: `cannot be kept in PORTCULLIS_DATA (${settings.dataFolder}): ${reason}` })
    }
    return ['']
  }
  const secrets = keep('PORTCULLIS_SECRET', settings.secrets)
  const resourceKeys = keep('PORTCULLIS_RESOURCE_KEY', settings.resourceKeys)
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: freeze({ ...settings, secrets, resourceKeys }) }
}

/** The environment of this process; nothing else reads it. */
export const environment = (): Environment => process.env

/** The configuration of this process. */
export function readConfig(env: Environment = environment()): Configured<Config> {
  const settings = parseSettings(env)
  return settings.ok ? completeConfig(settings.value) : settings
}

/** `readConfig` as an operator wants it told: one sentence for each fault. */
export const faultText = ({ variable, message }: ConfigFault): string => `${variable} ${message}.`
