import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formOutcomes, isCanonicalBase64url, looksLikeJws, maxJwsDepth, maxJwsLength, readJws } from './rules.ts'

const encode = (it: unknown) => Buffer.from(JSON.stringify(it)).toString('base64url')
const compact = (header: object, claims: object, signature = 'AAAA') =>
  `${encode(header)}.${encode(claims)}.${signature}`

test('base64url is canonical exactly when it is what encoding its bytes gives', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))))
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQg_-+/= \nZ9é') }), (text) => {
      const canonical = /^[\w-]*$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text
      expect(isCanonicalBase64url(text)).toBe(canonical)
    }),
  )
})

test('any change of a token’s text gives another token or none: never the same header and claims and signature', () => {
  const good = compact({ alg: 'RS256', kid: 'k' }, { iss: 'x', n: 1 }, 'AAEC')
  const bytesOf = (text: string) =>
    text
      .split('.')
      .map((it) => Buffer.from(it, 'base64url').toString('hex'))
      .join('.')
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.nat(3),
      (start, inserted, removed) => {
        const changed = good.slice(0, start) + inserted + good.slice(start + removed)
        if (changed !== good && readJws(changed).ok) expect(bytesOf(changed)).not.toBe(bytesOf(good))
      },
    ),
    { numRuns: 2000 },
  )
})

test('whatever is presented is read or refused, and the list of checks says the same', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.jsonValue().map(encode),
    fc.string(),
    fc.constant(encode({ alg: 'ES256' })),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = parts.join('.')
      const read = readJws(text)
      const outcomes = formOutcomes(text)
      expect(outcomes.every((it) => it.passed)).toBe(read.ok)
      if (!read.ok) expect(outcomes.at(-1)).toEqual({ name: read.name, passed: false, detail: read.detail })
    }),
    { numRuns: 500 },
  )
})

describe('E2: the form, and the first check that fails', () => {
  const good = { alg: 'RS256', kid: 'k' }
  const [header, claims] = [encode(good), encode({ iss: 'x' })]

  test('a good one is read as it stands', () => {
    expect(readJws(`${header}.${claims}.AAAA`)).toEqual({
      ok: true,
      value: { compact: `${header}.${claims}.AAAA`, header: good, claims: { iss: 'x' } },
    })
    expect(readJws(compact({ alg: 'RS256' }, {})).ok).toBe(true)
  })

  test.each<[what: string, text: string, name: string, says: string]>([
    ['nothing', '', 'Form', 'three parts'],
    ['one part', header, 'Form', 'three parts'],
    ['two parts', `${header}.${claims}`, 'Form', 'three parts'],
    ['four parts', `${header}.${claims}.AAAA.AAAA`, 'Form', 'three parts'],
    ['a JWE', `${header}.AAAA.AAAA.AAAA.AAAA`, 'Form', 'encrypted'],
    ['six parts', `${header}.AAAA.AAAA.AAAA.AAAA.AAAA`, 'Form', 'three parts'],
    ['seven parts', `${header}.AAAA.AAAA.AAAA.AAAA.AAAA.AAAA`, 'Form', 'three parts'],
    ['padding', `${header}.${claims}.AA==`, 'Form', 'canonical'],
    ['bits left over', `${header}.${claims}.AB`, 'Form', 'canonical'],
    ['no signature', `${header}.${claims}.`, 'Form', 'empty'],
    ['no header', `.${claims}.AAAA`, 'Form', 'empty'],
    ['a header that is no JSON', `AAAA.${claims}.AAAA`, 'Header', '.'],
    ['a header that is a list', `${encode([])}.${claims}.AAAA`, 'Header', '.'],
    ['claims that are no JSON', `${header}.AAAA.AAAA`, 'Claims set', '.'],
    ['claims that are a text', `${header}.${encode('x')}.AAAA`, 'Claims set', '.'],
    ['no algorithm', compact({}, {}), 'Algorithm named', 'names no algorithm'],
    ['an empty algorithm', compact({ alg: '' }, {}), 'Algorithm named', 'names no algorithm'],
    ['an algorithm that is a list', compact({ alg: ['RS256'] }, {}), 'Algorithm named', 'names no algorithm'],
    ['alg none', compact({ alg: 'none' }, {}), 'Algorithm named', 'not signed'],
    ['alg nOnE', compact({ alg: 'nOnE' }, {}), 'Algorithm named', 'not signed'],
    ['crit', compact({ alg: 'RS256', crit: [] }, {}), 'Critical extensions', 'crit'],
    ['crit of null', compact({ alg: 'RS256', crit: null }, {}), 'Critical extensions', 'crit'],
    ['a key name that is a number', compact({ alg: 'RS256', kid: 1 }, {}), 'Key name', 'kid'],
    ['a key name of null', compact({ alg: 'RS256', kid: null }, {}), 'Key name', 'kid'],
  ])('%s', (_, text, name, says) => {
    expect(readJws(text)).toEqual({ ok: false, name, reason: 'malformed', detail: expect.stringContaining(says) })
  })

  test('E8: the checks in their order, up to the first that fails', () => {
    const names = (text: string) => formOutcomes(text).map(({ name, passed }) => `${name} ${passed}`)
    expect(names(compact(good, {}))).toEqual([
      'Size true',
      'Form true',
      'Header true',
      'Claims set true',
      'Algorithm named true',
      'Critical extensions true',
      'Key name true',
    ])
    expect(names('a.b')).toEqual(['Size true', 'Form false'])
    expect(formOutcomes('A'.repeat(maxJwsLength + 1))[0]?.detail).toBe('It is longer than 16384 characters.')
  })

  test('sixteen levels of nesting are read, and not one more', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
    expect(readJws(compact(good, nested(maxJwsDepth) as object)).ok).toBe(true)
    expect(readJws(compact(good, nested(maxJwsDepth + 1) as object))).toMatchObject({ name: 'Claims set' })
    expect([maxJwsDepth, maxJwsLength]).toEqual([16, 16_384])
  })
})

describe('size', () => {
  const sized = (length: number) => {
    const start = compact({ alg: 'RS256' }, {}, '')
    return start + 'A'.repeat(length - start.length)
  }
  test('16 KiB are read, and not one more', () => {
    const signatureLength = (it: number) => (it - compact({ alg: 'RS256' }, {}, '').length) % 4
    const longest = signatureLength(maxJwsLength) === 1 ? maxJwsLength - 1 : maxJwsLength
    expect(readJws(sized(longest)).ok).toBe(true)
    expect(readJws(sized(maxJwsLength + 4))).toMatchObject({ ok: false, name: 'Size', reason: 'malformed' })
  })
})

test('a JWS is told from a managed token and from nonsense', () => {
  expect(looksLikeJws(compact({ alg: 'RS256' }, {}))).toBe(true)
  expect(['pcu_abc', '', 'ey', 'eyJhbGciOiJSUzI1NiJ9'].filter(looksLikeJws)).toEqual([])
})
