import fc from 'fast-check'
import type { Schema } from './fuzz-document.ts'

/*
 * Values are made from a seed alone, before anything is asked, so that a run can be repeated. What only the world knows
 * (ids, secrets, addresses) stands in them as a mark, `⟦own:grp:3⟧`, and is put in when the request is sent.
 */
export const mark = (what: string, index: fc.Arbitrary<number> | number = fc.nat(30)): fc.Arbitrary<string> =>
  typeof index === 'number' ? fc.constant(`⟦${what}:${index}⟧`) : index.map((it) => `⟦${what}:${it}⟧`)

const weighted = <T>(...choices: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))

/** Mostly the first, seldom one of the others. */
export const seldom = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, oneIn = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: usual }, { weight: 1, arbitrary: odd })

/** Ids with one of these prefixes: mostly there, some of another organization, some nowhere. */
export const idOf = (prefixes: readonly string[]): fc.Arbitrary<string> =>
  fc
    .constantFrom(...prefixes)
    .chain((prefix) =>
      weighted(
        [12, mark(`own:${prefix}`)],
        [1, mark(`other:${prefix}`)],
        [1, mark(`absent:${prefix}`, 0)],
        [1, fc.constantFrom('', `${prefix}_`, `${prefix}_${'0'.repeat(26)}`, `${prefix}_${'z'.repeat(26)}`)],
      ),
    )

/** Texts that have broken something somewhere before. */
export const evilTexts: readonly string[] = [
  '',
  ' ',
  'a\0b',
  'a\ud800b',
  '\udfff',
  '\u0007',
  'a\u2028b',
  '\u202egnp.exe',
  '\ufeffname',
  'e\u0301'.repeat(200),
  '👩‍👩‍👧‍👦'.repeat(40),
  'İıſK',
  '__proto__',
  'constructor',
  'toString',
  "'; drop table tokens;--",
  '" or ""="',
  '$(id)',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '=cmd|calc',
  'a\r\nX-Evil: 1',
  '../../../etc',
  '%00%0d%0a',
  '\\',
  '$1',
  '%s%n',
  '%_\\',
  'null',
  'NaN',
  '-0',
  '1e999',
  '0x10',
  '١٢٣',
  'x'.repeat(600),
  'ẞ'.repeat(2_000),
  'x'.repeat(100_000),
]

const evilTimes = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+23:59',
  '1969-12-31T23:59:59.999Z',
  '2024-02-29T23:59:60Z',
  '2025-02-29T00:00:00Z',
  '2026-11-27T10:00:00',
  '2026-11-27',
  '9999-12-31T23:59:59.999999999Z',
  '+275760-09-13T00:00:00.000Z',
  '275760-09-13T00:00:00.001Z',
  `2026-11-27T10:00:00.${'0'.repeat(18)}1Z`,
]

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

/** Values of every kind that a field may be given in place of its own. */
export const evilValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...evilTexts, ...evilTimes),
  fc.constantFrom<unknown>(null, true, false, 0, -0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324),
  fc.constantFrom<unknown>([], {}, [[[]]], [null], [{}], { $ne: null }, { toString: 1 }, { length: 3 }),
  fc.constantFrom(20, 200).map(nested),
  fc.constantFrom(2, 101, 1_001, 10_000).map((length) => Array.from({ length }, () => 'x')),
  fc.constant(JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}') as unknown),
  fc.string({ unit: 'binary', maxLength: 40 }),
  idOf(['org', 'mem', 'svc', 'grp', 'tok', 'idp', 'map', 'inv']),
)

const plainText = (most: number): fc.Arbitrary<string> =>
  weighted(
    [3, fc.constantFrom('Build', 'CI deploy', 'Zoë Müller', '名前', '👩‍👩‍👧‍👦')],
    [2, fc.string({ minLength: 1, maxLength: Math.min(most, 60) })],
    [2, fc.string({ unit: 'grapheme', minLength: 1, maxLength: Math.min(most, 60) })],
    [1, fc.constant('x'.repeat(most))],
  )

const anyTime = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })

/** Fields whose schema says less than what makes them good. */
const byName: Record<string, fc.Arbitrary<unknown>> = {
  email: weighted([3, mark('email')], [2, mark('new-email', fc.nat(100_000))], [1, plainText(100)]),
  emails: fc.uniqueArray(weighted([8, mark('new-email', fc.nat(100_000))], [1, mark('email')]), {
    minLength: 1,
    maxLength: 4,
  }),
  password: weighted([4, mark('password', 0)], [1, plainText(300)]),
  currentPassword: weighted([4, mark('password', 0)], [1, plainText(300)]),
  newPassword: weighted([3, mark('password', 0)], [1, fc.constantFrom('password1234', 'short')], [1, plainText(300)]),
  token: weighted(
    [4, mark('token')],
    [2, mark('jwt', 0)],
    [3, mark('reset')],
    [2, mark('session-id')],
    [1, mark('forged-token', 0)],
    [1, plainText(100)],
  ),
  code: weighted([3, mark('totp', 0)], [1, mark('backup-code')], [1, fc.constantFrom('000000', '123456')]),
  organization: weighted([4, mark('own:org', 0)], [2, mark('other:org', 0)], [1, plainText(100)]),
  issuer: weighted([3, mark('issuer', 0)], [1, fc.webUrl()], [1, fc.constantFrom('http://[::1]', 'https://u:p@h/')]),
  jwksUrl: weighted(
    [3, mark('jwks', 0)],
    [1, fc.webUrl()],
    [1, fc.constantFrom('file:///x', 'http://169.254.169.254/')],
  ),
  audiences: fc.uniqueArray(weighted([3, fc.constantFrom('api', 'b')], [1, plainText(100)]), {
    minLength: 1,
    maxLength: 3,
  }),
  subject: weighted([3, fc.constantFrom('robot', 'ada', 'bob')], [1, plainText(255)]),
  enabled: fc.subarray(['token-insights', 'command-palette', 'nothing-such']),
}

const prefixesOf = (pattern: string) => /^\^\(\?:([a-z|]+)\)_\[/.exec(pattern)?.[1]?.split('|')

function textOf({ pattern, format, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return anyTime.map((it) => it.toISOString())
  if (format === 'date') return anyTime.map((it) => it.toISOString().slice(0, 10))
  const prefixes = pattern === undefined ? undefined : prefixesOf(pattern)
  if (prefixes) return idOf(prefixes)
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  return minLength === 0 ? fc.oneof(fc.constant(''), plainText(maxLength)) : plainText(maxLength)
}

type Resolve = (schema: Schema) => Schema

function objectOf({ properties = {}, required = [] }: Schema, resolve: Resolve): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, it]) => [name, arbitraryOf(it, resolve, name)] as const)
  return fc.record(Object.fromEntries(fields), { requiredKeys: required })
}

/** Values that a schema lets in, mostly; a field that has a meaning by its name is given something that has it. */
export function arbitraryOf(from: Schema, resolve: Resolve, name = ''): fc.Arbitrary<unknown> {
  const schema = resolve(from)
  const named = Object.hasOwn(byName, name) && schema.type !== 'boolean' ? byName[name] : undefined
  if (named) return named
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return fc.oneof(...variants.map((variant) => arbitraryOf(variant, resolve, name)))
  const { minItems = 0, maxItems = 5, minimum = -10, maximum = 1_000_000 } = schema
  switch ([schema.type].flat()[0]) {
    case 'object':
      return objectOf(schema, resolve)
    case 'array':
      return fc.uniqueArray(arbitraryOf(schema.items ?? {}, resolve), {
        minLength: minItems,
        maxLength: Math.min(maxItems, 5),
      })
    case 'string':
      return textOf(schema)
    case 'integer':
    case 'number':
      return fc.integer({ min: minimum, max: maximum })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue()
  }
}

export interface Mutation {
  at: number
  how: 'replace' | 'remove' | 'add' | 'double'
  key: string
  value: unknown
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(50),
  how: fc.constantFrom('replace' as const, 'replace' as const, 'remove' as const, 'add' as const, 'double' as const),
  key: fc.constantFrom(
    'surprise',
    '__proto__',
    'constructor',
    'id',
    'role',
    'organizationId',
    '',
    'x'.repeat(300),
    'a\0',
  ),
  value: evilValue,
})

type Place = { within: Record<string, unknown> | unknown[]; key: string }

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null || found.length > 200) return found
  for (const key of Object.keys(value)) {
    found.push({ within: value as Place['within'], key })
    placesOf((value as Record<string, unknown>)[key], found)
  }
  return found
}

const put = (within: object, key: string, value: unknown) =>
  Object.defineProperty(within, key, { value, enumerable: true, configurable: true, writable: true })

/** One thing made wrong somewhere in a value. */
export function mutated(whole: unknown, { at, how, key, value }: Mutation): unknown {
  const copy: unknown = structuredClone(whole)
  const places = placesOf(copy)
  const place = places[at % (places.length + 1)]
  if (place === undefined) {
    if (how === 'replace' || typeof copy !== 'object' || copy === null || Array.isArray(copy)) return value
    put(copy, key, value)
    return copy
  }
  if (how === 'remove' && !Array.isArray(place.within)) delete place.within[place.key]
  else if (how === 'double' && Array.isArray(place.within)) place.within.push(place.within[Number(place.key)])
  else if (how === 'add' && !Array.isArray(place.within)) put(place.within, key, value)
  else put(place.within, place.key, value)
  return copy
}
