/* Examples for the OpenAPI document, derived from its schemas: the same input gives the same example. */

/** The part of JSON Schema that examples are built from. */
export interface ExampleSchema {
  $ref?: string
  type?: string | readonly string[]
  properties?: Record<string, ExampleSchema>
  items?: ExampleSchema
  anyOf?: readonly ExampleSchema[]
  oneOf?: readonly ExampleSchema[]
  enum?: readonly unknown[]
  const?: unknown
  default?: unknown
  examples?: readonly unknown[]
  deprecated?: boolean
  pattern?: string
  format?: string
  minimum?: number
}

/** An id that has the form of ours and belongs to nothing. */
export const exampleId = (prefix: string) => `${prefix}_01k9x7v5c3e8tb6r2mqz4h0nds`

/** What `id` names inside a schema or a property of this name. */
const prefixes: Record<string, string> = {
  Token: 'tok',
  Member: 'mem',
  AccountName: 'mem',
  OwnAccount: 'mem',
  actor: 'mem',
  GroupMember: 'mem',
  ServiceAccount: 'svc',
  Group: 'grp',
  groups: 'grp',
  OAuthProvider: 'idp',
  AccountMapping: 'map',
  Invitation: 'inv',
  AuditEvent: 'evt',
  target: 'grp',
  Organization: 'org',
  organization: 'org',
  organizations: 'org',
  Feedback: 'fbk',
  user: 'usr',
  session: 'ses',
}

const instant = '2026-01-15T09:30:00Z'
const laterInstant = '2027-01-15T09:30:00Z'
const ada = { name: 'Ada Lovelace', email: 'ada@example.com' }

/** Values of fields that their schema only calls a string. */
const texts: Record<string, string> = {
  organizationId: exampleId('org'),
  organization_id: exampleId('org'),
  accountId: exampleId('mem'),
  account_id: exampleId('mem'),
  actorId: exampleId('mem'),
  targetId: exampleId('grp'),
  groupIds: exampleId('grp'),
  tokenId: exampleId('tok'),
  token_id: exampleId('tok'),
  providerId: exampleId('idp'),
  provider_id: exampleId('idp'),
  requestId: '5f0c6a1e9b7d4c38',
  sub: exampleId('mem'),
  subject: 'ci-robot',
  email: ada.email,
  username: ada.email,
  slug: 'example',
  organization: 'Example',
  productName: 'Example API',
  displayName: 'CI robot',
  description: 'Deploys the website',
  hint: 'pcu_…x7Qd',
  issuer: 'https://login.example.com/',
  iss: 'https://login.example.com/',
  jwksUrl: 'https://login.example.com/.well-known/jwks.json',
  audiences: 'https://api.example.com',
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  scope: 'openid',
  acceptUrl: 'https://portcullis.example.com/invitations/EXAMPLE',
  documentationUrl: 'https://docs.example.com/token-insights',
  feedbackUrl: 'https://example.com/feedback',
  since: '2026-01-15',
  plannedEnd: '2026-06-30',
  date: '2026-01-15',
  requires: 'command-palette',
  enabled: 'token-insights',
  key: 'token-insights',
  text: 'Works well for us.',
  action: 'settings.updated',
  kind: 'group',
  ip: '203.0.113.7',
  userAgent: 'curl/8.14.1',
  previousHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  hash: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558cf1d7b8',
  password: 'correct horse battery staple',
  currentPassword: 'correct horse battery staple',
  newPassword: 'a longer and better passphrase',
  secret: 'pcu_EXAMPLE',
  token: 'EXAMPLE',
  ticket: '1.2.EXAMPLE',
  code: '123456',
  search: 'deploy',
  cursor: 'dG9rXzAx',
  nextCursor: 'dG9rXzAx',
  limit: '50',
  detail: 'The signature is valid.',
  message: 'An explanation for people.',
  mark: '4f1d2c3b5a69',
  resource: 'https://portcullis.example.com',
  pattern: 'pc[us]_[0-9A-Za-z]{49}',
  verifier: 'api-1',
  applied: '4211',
  agoMs: '120',
  outageMs: '0',
  flagSetId: exampleId('org'),
  'Last-Event-ID': '4211.4f1d2c3b5a69',
  'If-None-Match': '"7"',
  flagConfigEtag: '"7"',
}

const numbers: Record<string, number> = {
  sequence: 42,
  version: 7,
  beforeStopVersion: 6,
  expiresIn: 2_592_000,
  clockTolerance: 30,
  maxLifetime: 86_400,
  exp: 1_800_000_000,
  iat: 1_768_469_400,
  head: 4211,
  afterMs: 180,
  ageMs: 40,
  inactivityDelaySec: 120,
}

/** Names of people are people's, other names are those of things. */
const names: Record<string, string> = {
  Member: ada.name,
  Me: ada.name,
  user: ada.name,
  actor: ada.name,
  AccountName: ada.name,
  OwnAccount: ada.name,
  Acceptance: ada.name,
  NewSetup: ada.name,
  Group: 'Platform team',
  groups: 'Platform team',
  NewGroup: 'Platform team',
  GroupChange: 'Platform team',
  target: 'Platform team',
  Organization: 'Example',
  organization: 'Example',
  organizations: 'Example',
  OrganizationChange: 'Example',
  OAuthProvider: 'Company login',
  NewOAuthProvider: 'Company login',
  OAuthProviderChange: 'Company login',
}

/** Examples of files, by media type. */
export const fileExamples: Record<string, string> = {
  'text/csv': `id,sequence,time,actorKind\r\n${exampleId('evt')},42,${instant},member\r\n`,
  'application/x-ndjson': `{"id":"${exampleId('evt')}","sequence":42,"time":"${instant}"}\n`,
}

interface Place {
  /** The name of the property. */
  name: string
  /** The named schema or the property that the property is part of. */
  owner: string
}

const matches = (pattern: string | undefined, text: string) => pattern === undefined || new RegExp(pattern).test(text)

/** The first prefix that the pattern of an id allows. */
const prefixOfPattern = (pattern = '') => /^\^\(\?:([a-z]+)[|a-z]*\)_\[/.exec(pattern)?.[1]

function createText({ format, pattern }: ExampleSchema, { name, owner }: Place): string {
  if (format === 'date-time') return /^(expires|planned)/.test(name) ? laterInstant : instant
  if (format === 'date') return instant.slice(0, 10)
  if (format?.endsWith('email')) return ada.email
  const prefix = prefixOfPattern(pattern)
  if (prefix !== undefined) return exampleId(prefix)
  if (name === 'id') return exampleId(prefixes[owner] ?? 'mem')
  if (name === 'name') return names[owner] ?? 'CI deploy'
  const text = texts[name]
  if (text !== undefined && matches(pattern, text)) return text
  const digits = String(numbers[name] ?? 42)
  return matches(pattern, digits) ? digits : matches(pattern, '42.') ? '42.' : 'example'
}

/** Creates an example of a schema; its own `examples` come first. */
export function createExample(
  schema: ExampleSchema,
  schemas: Record<string, ExampleSchema>,
  place: Place = { name: '', owner: '' },
): unknown {
  const referenced = schema.$ref?.split('/').at(-1)
  if (referenced !== undefined)
    return createExample(schemas[referenced] ?? {}, schemas, { name: place.name, owner: referenced })
  if (schema.examples) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const [variant] = schema.anyOf ?? schema.oneOf ?? []
  if (variant) return createExample(variant, schemas, place)
  const [type] = [schema.type ?? 'null'].flat()
  if (type === 'object') {
    const properties = Object.entries(schema.properties ?? {}).filter(([, property]) => !property.deprecated)
    const owner = place.name === '' || prefixes[place.name] === undefined ? place.owner : place.name
    return Object.fromEntries(
      properties.map(([name, property]) => [name, createExample(property, schemas, { name, owner })]),
    )
  }
  if (type === 'array') return schema.items ? [createExample(schema.items, schemas, place)] : []
  if (type === 'string') return schema.default ?? createText(schema, place)
  if (type === 'boolean') return schema.default ?? true
  if (type === 'integer' || type === 'number')
    return schema.default ?? Math.max(numbers[place.name] ?? 3, schema.minimum ?? 0)
  return null
}
