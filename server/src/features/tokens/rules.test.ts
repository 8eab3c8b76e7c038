import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checksumOf,
  hintOf,
  isExpired,
  isWellFormed,
  type Maker,
  makerOf,
  mayExpireAt,
  mayMakeTokenFor,
  mayOutlive,
  maySeeToken,
  newSecret,
  tokenPattern,
  tokenState,
} from './rules.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const kind = fc.constantFrom('member' as const, 'service_account' as const)

describe('T9: the format', () => {
  test('pcu_ or pcs_, 43 characters of chance, 6 of CRC-32 over all before, most significant digit first', () => {
    fc.assert(
      fc.property(kind, (it) => {
        const secret = newSecret(it, randomBytes)
        expect(secret).toMatch(it === 'member' ? /^pcu_[0-9A-Za-z]{49}$/ : /^pcs_[0-9A-Za-z]{49}$/)
        const value = [...secret.slice(-6)].reduce((n, digit) => n * 62 + alphabet.indexOf(digit), 0)
        expect(value).toBe(crc32(secret.slice(0, -6)))
        expect(isWellFormed(secret)).toBe(true)
      }),
    )
  })

  test('known checksums: padded with 0', () => {
    expect(checksumOf('')).toBe('000000')
    // CRC-32 of "123456789" is 0xCBF43926 = 3421780262, the check value that catalogues give.
    expect([...checksumOf('123456789')].reduce((n, digit) => n * 62 + alphabet.indexOf(digit), 0)).toBe(0xcbf43926)
  })

  test('one changed character is never well-formed', () => {
    fc.assert(
      fc.property(kind, fc.nat(52), fc.constantFrom(...alphabet, '_', ' ', 'é'), (it, at, letter) => {
        const secret = newSecret(it, randomBytes)
        fc.pre(secret[at] !== letter)
        return !isWellFormed(secret.slice(0, at) + letter + secret.slice(at + 1))
      }),
    )
  })

  test('any other text is not well-formed, and costs no exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary', minLength: 53, maxLength: 53 })),
        (text) => !isWellFormed(text),
      ),
    )
    const secret = newSecret('member', randomBytes)
    for (const text of [`${secret}\n`, ` ${secret}`, secret.slice(1), `${secret}0`, secret.toUpperCase()])
      expect(isWellFormed(text)).toBe(false)
  })

  test('a good checksum alone makes no token: the prefix and the letters count, too', () => {
    const letters = 'a'.repeat(43)
    for (const body of [`tok_${letters}`, `pcx_${letters}`, `pcu-${letters}`, `pcu_${letters.slice(1)}-`])
      expect(isWellFormed(body + checksumOf(body))).toBe(false)
    expect(isWellFormed(`pcu_${letters}${checksumOf(`pcu_${letters}`)}`)).toBe(true)
  })

  test('the published expression finds every token in a text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(kind, fc.constantFrom('\n', ' ', '"', ', ', '=', '/', '%3D', '\\n', 'MY_', '_', 'é'))),
        (parts) => {
          const secrets = parts.map(([it]) => newSecret(it, randomBytes))
          const text = parts.map(([, gap], i) => `${gap}${secrets[i]}`).join('')
          expect([...text.matchAll(new RegExp(tokenPattern, 'g'))].map((it) => it[0])).toEqual(secrets)
        },
      ),
    )
  })

  test('every letter is equally likely: four bytes mean each of them, and the eight bytes left over are thrown away', () => {
    const letterOf = (byte: number) =>
      newSecret('member', (size) => new Uint8Array(size).fill(61).fill(byte, 0, 1))[4] ?? ''
    const letters = Array.from({ length: 248 }, (_, byte) => letterOf(byte)).sort()
    expect(letters.join('')).toBe([...alphabet].map((it) => it.repeat(4)).join(''))
    for (let byte = 248; byte < 256; byte += 1) expect(letterOf(byte)).toBe(alphabet[61])
  })

  test('the hint is the prefix and the last four characters', () => {
    expect(hintOf(`pcs_${'a'.repeat(45)}WXYZ`)).toBe('pcs_…WXYZ')
  })
})

const time = fc.date({ min: new Date('2026-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
const maybe = fc.option(time, { nil: null })

describe('T6: state', () => {
  test('the moment of expiration is the first at which a token is expired', () => {
    const at = new Date('2026-11-24T10:00:00Z')
    const before = new Date(at.getTime() - 1)
    expect([isExpired(at, before), isExpired(at, at), isExpired(null, at)]).toEqual([false, true, false])
    expect([before, at].map((now) => tokenState({ expiresAt: at }, true, now))).toEqual(['suspended', 'expired'])
  })

  test('expired if its time has passed, else suspended if cut off, else active', () => {
    fc.assert(
      fc.property(maybe, fc.boolean(), time, (expiresAt, suspended, now) => {
        const passed = expiresAt !== null && expiresAt.getTime() <= now.getTime()
        expect(isExpired(expiresAt, now)).toBe(passed)
        expect(tokenState({ expiresAt }, suspended, now)).toBe(passed ? 'expired' : suspended ? 'suspended' : 'active')
      }),
    )
  })
})

describe('T3: expiration', () => {
  const now = new Date('2026-11-24T10:00:00Z')
  test.each([
    ['never', null, true],
    ['this very moment', now, false],
    ['a millisecond ago', new Date(now.getTime() - 1), false],
    ['in a millisecond', new Date(now.getTime() + 1), true],
    ['ten years ahead', new Date('2036-11-24T10:00:00Z'), true],
    ['a millisecond more', new Date('2036-11-24T10:00:00.001Z'), false],
  ])('%s', (_, expiresAt, allowed) => {
    expect(mayExpireAt(expiresAt, now).ok).toBe(allowed)
  })

  test('a refusal names the field and says what may be chosen', () => {
    const refused = (word: string) => ({
      ok: false,
      code: 'invalid_request',
      errors: [{ path: 'expiresAt', message: expect.stringContaining(word) }],
    })
    expect(mayExpireAt(now, now)).toEqual(refused('future'))
    expect(mayExpireAt(new Date('2037-01-01'), now)).toEqual(refused('10 years'))
    const by: Maker = { accountId: 'mem_1', role: 'admin', narrowed: false, expiresAt: now }
    expect(mayOutlive(by, null)).toEqual(refused('the token that you use'))
  })
})

describe('T2: who makes a token for whom', () => {
  const maker = fc.record({
    accountId: fc.constantFrom('mem_1', 'svc_1'),
    role: fc.constantFrom('admin' as const, 'member' as const),
    narrowed: fc.boolean(),
    expiresAt: maybe,
  })
  const owner = fc.constantFrom(
    { accountId: 'mem_1', kind: 'member' as const },
    { accountId: 'mem_2', kind: 'member' as const },
    { accountId: 'svc_1', kind: 'service_account' as const },
    { accountId: 'svc_2', kind: 'service_account' as const },
  )

  test('a session limits nothing, a token how long, a narrowed external one at all', () => {
    const caller = {
      accountId: 'mem_1',
      organizationId: 'org_1',
      kind: 'member',
      name: 'Ada',
      role: 'admin',
      requires: 'account',
    } as const
    const verified = { header: { alg: 'ES256' }, claims: {}, thumbprint: '' }
    const by = { accountId: 'mem_1', role: 'admin' }
    const expiresAt = new Date('2027-01-01T00:00:00Z')
    expect(makerOf({ ...caller, credential: { kind: 'session', userId: 'usr_1', sessionId: 'ses_1' } })).toEqual({
      ...by,
      narrowed: false,
      expiresAt: null,
    })
    expect(makerOf({ ...caller, credential: { kind: 'managed', tokenId: 'tok_1', hash: '', expiresAt } })).toEqual({
      ...by,
      narrowed: false,
      expiresAt,
    })
    for (const narrowed of [true, false])
      expect(
        makerOf({ ...caller, credential: { kind: 'external', providerId: 'idp_1', narrowed, expiresAt, verified } }),
      ).toEqual({
        ...by,
        narrowed,
        expiresAt,
      })
  })

  test('for itself; an admin for service accounts too; nobody for another person; a narrowed credential not at all', () => {
    fc.assert(
      fc.property(maker, owner, (by, of) => {
        const own = by.accountId === of.accountId
        const onBehalf = by.role === 'admin' && of.kind === 'service_account'
        expect(mayMakeTokenFor(by, of).ok).toBe(!by.narrowed && (own || onBehalf))
      }),
    )
  })

  test('a refusal says whether the credential or the owner is in the way', () => {
    const by: Maker = { accountId: 'mem_1', role: 'admin', narrowed: false, expiresAt: null }
    const refused = (word: string) => ({ ok: false, code: 'forbidden', detail: expect.stringContaining(word) })
    expect(mayMakeTokenFor(by, { accountId: 'mem_2', kind: 'member' })).toEqual(refused('another person'))
    expect(mayMakeTokenFor({ ...by, narrowed: true }, { accountId: 'mem_1', kind: 'member' })).toEqual(
      refused('narrowed'),
    )
  })

  test('what a token makes ends no later than itself', () => {
    fc.assert(
      fc.property(maybe, maybe, (limit, expiresAt) => {
        const by: Maker = { accountId: 'mem_1', role: 'admin', narrowed: false, expiresAt: limit }
        const within = limit === null || (expiresAt !== null && expiresAt <= limit)
        expect(mayOutlive(by, expiresAt).ok).toBe(within)
      }),
    )
    const at = new Date('2026-11-24T10:00:00Z')
    const managed: Maker = { accountId: 'mem_1', role: 'admin', narrowed: false, expiresAt: at }
    expect(mayOutlive(managed, at).ok).toBe(true)
    expect(mayOutlive(managed, new Date(at.getTime() + 1)).ok).toBe(false)
    const session: Maker = { accountId: 'mem_1', role: 'member', narrowed: false, expiresAt: null }
    expect(mayOutlive(session, null).ok).toBe(true)
  })

  test('T5, O1: seen by the owner and by admins', () => {
    fc.assert(
      fc.property(
        maker,
        owner,
        ({ accountId, role }, of) =>
          maySeeToken({ accountId, role }, of.accountId) === (role === 'admin' || accountId === of.accountId),
      ),
    )
  })
})
