import { accessSync, constants } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import * as z from 'zod'
import { corsOrigins, hasScheme, jwksHosts, list, proxies, quote, tokenSchemeList } from './config-lists.ts'
import { nameText } from './http/shapes.ts'
import { canonicalizeEmail, isEmailAddress } from './kernel/emails.ts'
import { isWeakSecret } from './kernel/weak-secret.ts'

/** Newest first: the first signs, all are accepted. */
export type SeveralSecrets = readonly [string, ...string[]]

/** An empty variable counts as unset. Space around a value is a slip. */
const optional = <T extends z.ZodType<unknown, string>>(value: T) =>
  z
    .string()
    .optional()
    .transform((text) => text?.trim() || undefined)
    .pipe(value.optional())

/** A text that `isValid` accepts, unchanged. */
const text = (isValid: (text: string) => boolean, message: string) => optional(z.string().refine(isValid, message))

const port = z
  .string()
  .refine((value) => /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535, {
    error: ({ input }) => `must be a whole number from 1 to 65535, not ${quote(input)}`,
  })
  .transform(Number)

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
const host = z.string().refine((value) => isIP(value) !== 0 || (hostName.test(value) && !/^[\d.]+$/.test(value)), {
  error: ({ input }) =>
    `must be an address or a host name to listen on (127.0.0.1, 0.0.0.0, ::, localhost), not ${quote(input)}`,
})

const publicUrl = z
  .string()
  .refine((value) => hasScheme(value, 'http', 'https'), {
    error: 'must be a full URL that begins with https:// or http://',
    abort: true,
  })
  .refine((value) => !new URL(value).username && !new URL(value).password, 'must not hold a user name or a password')
  .refine((value) => new URL(value).pathname === '/' && !/[?#]/.test(value), {
    error: 'must consist of scheme, host and port, without a path, a query or a fragment',
  })
  .transform((value) => new URL(value).origin)

const sslModes = [null, 'disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const parametersOf = (url: string) => new URL(url).searchParams
function canRead(file: string | null): boolean {
  try {
    if (file !== null) accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
const databaseUrl = z
  .string()
  .refine((value) => hasScheme(value, 'postgres', 'postgresql'), {
    error: 'must be a PostgreSQL URL such as postgres://user:password@host:5432/database',
    abort: true,
  })
  .refine((value) => new URL(value).pathname.length > 1, 'names no database: end it with /database')
  // `pg` connects without encryption where it does not know the word.
  .refine((value) => sslModes.includes(parametersOf(value).get('sslmode')), 'has an sslmode that does not exist')
  .refine(
    (value) => ['sslrootcert', 'sslcert', 'sslkey'].every((name) => canRead(parametersOf(value).get(name))),
    'names a file (sslrootcert, sslcert or sslkey) that cannot be read',
  )

const path = z
  .string()
  .refine((value) => !value.includes('\0'), { error: 'must not hold a NUL character', abort: true })
  .transform((value) => resolve(value))
  .refine((value) => Buffer.byteLength(value) <= 1024, 'must be a path of at most 1024 bytes')

const minSecretLength = 32
const maxSecretLength = 1024
const maxSecrets = 10

function findSecretFault(secret: string, allowed: RegExp): string | undefined {
  if (secret === '') return 'is empty: remove the superfluous comma'
  if (!allowed.test(secret)) return 'holds a character that cannot be used: keep to letters, digits and -._~+/='
  if (secret.length < minSecretLength) {
    return `is too short: ${secret.length} characters, and at least ${minSecretLength} are needed (openssl rand -base64 32)`
  }
  if (secret.length > maxSecretLength) return `is longer than ${maxSecretLength} characters`
  return isWeakSecret(secret) ? 'is easy to guess: make another one (openssl rand -base64 32)' : undefined
}

/** Several secrets, separated by commas, newest first. A message names an entry by its position, never by its value. */
const secrets = (allowed: RegExp) =>
  z
    .string()
    .transform((value) => list(value) as unknown as SeveralSecrets)
    .superRefine((entries, context) => {
      const fail = (message: string) => context.addIssue({ code: 'custom', message })
      if (entries.length > maxSecrets) return fail(`holds ${entries.length} entries; at most ${maxSecrets} are allowed`)
      for (const [index, secret] of entries.entries()) {
        const fault = findSecretFault(secret, allowed)
        if (fault) return fail(entries.length === 1 ? fault : `entry ${index + 1} ${fault}`)
      }
      if (new Set(entries).size < entries.length) fail('holds the same entry twice')
    })
const signingSecrets = secrets(/^\P{Cc}+$/u)
/** These keys travel in headers: visible ASCII (RFC 6750 §2.1 wants less, Basic allows as much). */
const headerKeys = secrets(/^[\x21-\x7e]+$/)

/** Space may be part of a password. */
const password = z
  .string()
  .optional()
  .transform((value) => (value?.trim() ? value : undefined))
  .pipe(
    z
      .string()
      .refine((value) => [...value].length >= 12 && [...value].length <= 128, 'must be 12 to 128 characters long')
      .optional(),
  )

const oneLine = (max: number) =>
  z.string().transform((value, context) => {
    const parsed = nameText(max).safeParse(value)
    if (parsed.success) return parsed.data
    context.addIssue({ code: 'custom', message: `must be one line of 1 to ${max} characters` })
    return value
  })

const isEmail = (value: string) => isEmailAddress(canonicalizeEmail(value))
const isSender = (value: string) =>
  !/\p{Cc}/u.test(value) && isEmail(/^[^<>\r\n]*<([^<>]+)>$/.exec(value)?.[1] ?? value)
const collector = text(
  (value) => hasScheme(value, 'http', 'https'),
  'must be a URL of a collector such as http://localhost:4318',
)

const count = (most: number) =>
  z
    .string()
    .refine(
      (value) => /^[1-9]\d{0,6}$/.test(value) && Number(value) <= most,
      `must be a whole number from 1 to ${most}`,
    )
    .transform(Number)

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every variable that is read, in the order in which faults are reported. */
const fields = {
  PORT: optional(port),
  HOST: optional(host),
  PORTCULLIS_URL: optional(publicUrl),
  DATABASE_URL: optional(databaseUrl),
  PORTCULLIS_MIGRATION_URL: optional(databaseUrl),
  PORTCULLIS_DATA: optional(path),
  PORTCULLIS_SECRET: optional(signingSecrets),
  PORTCULLIS_RESOURCE_KEY: optional(headerKeys),
  PORTCULLIS_METRICS_KEY: optional(headerKeys),
  PORTCULLIS_ADMIN_EMAIL: text(isEmail, 'must be an email address'),
  PORTCULLIS_ADMIN_PASSWORD: password,
  PORTCULLIS_ORGANIZATION: optional(oneLine(100)),
  PORTCULLIS_TRUSTED_PROXIES: optional(proxies),
  PORTCULLIS_PRODUCT_NAME: optional(oneLine(60)),
  PORTCULLIS_ALLOWED_JWKS_HOSTS: optional(jwksHosts),
  PORTCULLIS_FEATURES: optional(path),
  PORTCULLIS_CORS_ORIGINS: optional(corsOrigins),
  PORTCULLIS_TOKEN_SCHEMES: optional(tokenSchemeList),
  PORTCULLIS_TOKENS_PER_ACCOUNT: optional(count(1_000_000)),
  PORTCULLIS_CHANGES_PER_MINUTE: optional(count(1_000_000)),
  SMTP_URL: text(
    (value) => hasScheme(value, 'smtp', 'smtps') && new URL(value).hostname !== '',
    'must be an SMTP URL such as smtp://user:password@host:587 or smtps://host:465',
  ),
  MAIL_FROM: text(isSender, 'must be a sender such as portcullis@example.com or Portcullis <portcullis@example.com>'),
  LOG_LEVEL: optional(
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(logLevels, { error: ({ input }) => `must be one of ${logLevels.join(', ')}, not ${quote(input)}` })),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector,
  OTEL_TRACES_SAMPLER_ARG: optional(
    z
      .string()
      .regex(/^(0(\.\d{1,10})?|1(\.0{1,10})?)$/, 'must be a share from 0 to 1')
      .transform(Number),
  ),
}

export type Fields = { [Name in keyof typeof fields]?: z.output<(typeof fields)[Name]> }

/** A value that serves two purposes gives whoever knows it for one of them the power of the other. */
export function sharesSecret(...groups: readonly (readonly string[] | undefined)[]): boolean {
  const values = groups.flatMap((group) => [...new Set(group)])
  return new Set(values).size < values.length
}

const firstAdmin = ['PORTCULLIS_ADMIN_EMAIL', 'PORTCULLIS_ADMIN_PASSWORD', 'PORTCULLIS_ORGANIZATION'] as const
const asList = (value: unknown) => (value === undefined ? [] : [value].flat()) as string[]
const secretFields = [
  'PORTCULLIS_SECRET',
  'PORTCULLIS_RESOURCE_KEY',
  'PORTCULLIS_METRICS_KEY',
  'PORTCULLIS_ADMIN_PASSWORD',
] as const
const needed = 'must be set when DATABASE_URL is, since all processes share it (openssl rand -base64 32)'
const together = `is missing: set ${firstAdmin.join(', ')} together, or none of them`

interface Constraint {
  variable: keyof Fields
  holds: (env: Fields) => boolean
  message: string
}

/** What must hold between variables. */
const constraints: readonly Constraint[] = [
  { variable: 'PORTCULLIS_SECRET', holds: (env) => !env.DATABASE_URL || !!env.PORTCULLIS_SECRET, message: needed },
  {
    variable: 'PORTCULLIS_RESOURCE_KEY',
    holds: (env) => !env.DATABASE_URL || !!env.PORTCULLIS_RESOURCE_KEY,
    message: needed,
  },
  {
    variable: 'PORTCULLIS_SECRET',
    holds: (env) => !sharesSecret(...secretFields.map((name) => asList(env[name]))),
    message: `and ${secretFields.slice(1).join(', ')} must differ: whoever holds a resource key could sign sessions`,
  },
  {
    variable: 'PORTCULLIS_MIGRATION_URL',
    holds: (env) => !env.PORTCULLIS_MIGRATION_URL || !!env.DATABASE_URL,
    message: 'is set, but DATABASE_URL is not',
  },
  {
    variable: 'MAIL_FROM',
    holds: (env) => !env.SMTP_URL || !!env.MAIL_FROM,
    message: 'must name the sender when SMTP_URL is set',
  },
  ...firstAdmin.map((variable) => ({
    variable,
    holds: (env: Fields) => !!env[variable] || !firstAdmin.some((name) => env[name]),
    message: together,
  })),
]

export type Variable = keyof typeof fields
export const variables = Object.keys(fields) as readonly Variable[]

/** The environment, every fault of it at once. A message ends a sentence that begins with the name of the variable. */
export const environmentSchema = constraints.reduce(
  // Without `when` a constraint is not looked at before every field is right.
  (schema, { variable, holds, message }) =>
    schema.refine(holds, { path: [variable], error: message, when: () => true }),
  z.object(fields),
)
