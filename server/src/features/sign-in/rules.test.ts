import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayUsePassword, passwordFault, rolledSessionEnd, sessionSeconds } from './rules.ts'

const anything = fc.string({ unit: fc.constantFrom(...'ab1 @.é王🦔\0\n\ud800'), maxLength: 150 })

describe('a new password', () => {
  test.each([
    'correct horse battery staple',
    'Tr0ub4dor&3 again',
    '   leading and trailing   ',
    'пароль из четырёх слов',
    '一二三四五六七八九十甲乙',
    '🦔🦦🦥🦨🦩🦫🦬🦭🦮🦙🦚🦛',
    `${'ab1'.repeat(5)}!?x`,
    'unlikely phrase '.repeat(8),
  ])('will do: %j', (password) => {
    expect(mayUsePassword(password, { email: 'ada@example.com', name: 'Ada Admin' })).toEqual({ ok: true })
  })

  test('counts characters, not bytes: 11 of any script are too few, 129 too many', () => {
    expect(passwordFault('🦔🦦🦥🦨🦩🦫🦬🦭🦮🦙🦚')?.code).toBe('PASSWORD_TOO_SHORT')
    expect(passwordFault('elevenchars')?.code).toBe('PASSWORD_TOO_SHORT')
    const longest = `${'long phrase 🦔'.repeat(9)}abcdefghijk`
    expect([...longest].length).toBe(128)
    expect(passwordFault(longest)).toBeUndefined()
    expect(passwordFault(`${longest}x`)?.code).toBe('PASSWORD_TOO_LONG')
  })

  test.each([
    'password1234',
    'PassWord1234',
    'ｐａｓｓｗｏｒｄ１２３４',
    '123456789012',
    'qwertyuiop12',
    'passwordpassword',
    'administrator',
    'aaaaaaaaaaaaa',
    'abcabcabcabcab',
    '🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔🦔',
  ])('is among the first to be tried: %j', (password) => {
    expect(passwordFault(password)?.code).toBe('PASSWORD_TOO_COMMON')
  })

  test.each([
    'ada.lovelace@example.com',
    'ADA.LOVELACE@EXAMPLE.COM',
    'ada.lovelace',
    'ada.lovelace1815',
    'Augusta Ada King',
    'AugustaAdaKing!!',
    'Portcullis2026',
  ])('is not the person’s name or email: %j', (password) => {
    const about = { email: 'ada.lovelace@example.com', name: 'Augusta Ada King' }
    expect(mayUsePassword(password, about)).toMatchObject({ ok: false, errors: [{ path: 'password' }] })
  })

  test('a name without a letter forbids nothing but itself', () => {
    expect(passwordFault('1234-5678-90-77', { name: '007', email: '' })).toBeUndefined()
    expect(passwordFault('1234-5678-90-77', { name: '1234-5678-90-77' })?.code).toBe('PASSWORD_TOO_COMMON')
  })

  test('a fault says what to do, and mayUsePassword tells it at the field', () => {
    expect(passwordFault('short')?.message).toBe('Use at least 12 characters.')
    expect(passwordFault('long phrase '.repeat(20))?.message).toBe('Use at most 128 characters.')
    expect(passwordFault('password1234')?.message).toMatch(/first to be tried/)
    expect(passwordFault('ada.lovelace1815', { email: 'ada.lovelace@example.com' })?.message).toMatch(/name and email/)
    expect(mayUsePassword('short', {})).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'password', message: 'Use at least 12 characters.' }],
    })
  })

  test('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(anything, anything, anything, (password, email, name) => {
        const fault = passwordFault(password, { email, name })
        expect(fault === undefined || fault.message.length > 0).toBe(true)
      }),
    )
  })
})

describe('a session', () => {
  const start = new Date('2026-01-01T00:00:00Z')
  const after = (days: number) => new Date(start.getTime() + days * 86_400_000)

  test('rolls on while it is used, and ends 90 days after it began', () => {
    expect(rolledSessionEnd(start, after(40))).toEqual(after(40))
    expect(rolledSessionEnd(start, after(119))).toEqual(after(90))
    expect(sessionSeconds.idle).toBe(30 * 86_400)
    expect(sessionSeconds.longest).toBe(90 * 86_400)
  })
})
