import { hash } from 'node:crypto'
import { invalid, ok, type Result } from '../../kernel/result.ts'
import { commonPasswordHashes } from './common-passwords.ts'

export const passwordLength = { min: 12, max: 128 } as const

const entryBytes = 5
let common: Buffer | undefined

/** Binary search over the sorted hashes. */
function isCommon(text: string): boolean {
  common ??= Buffer.from(commonPasswordHashes, 'base64')
  const wanted = hash('sha256', text, 'buffer').subarray(0, entryBytes)
  let [low, high] = [0, common.length / entryBytes - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = common.compare(wanted, 0, entryBytes, middle * entryBytes, (middle + 1) * entryBytes)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return false
}

/** One to three characters over and over. */
const isRepetition = (text: string) => /^(.{1,3}?)\1+.{0,2}$/su.test(text)

const letters = (text: string) => text.replace(/[^\p{L}]+/gu, '')

/** The words that anybody would try first on this person here (ASVS 5.0 §6.2.11). */
function isAboutPerson(text: string, { email = '', name = '' }: AboutPerson): boolean {
  const words = [email, email.split('@')[0] ?? '', name, 'portcullis'].map((word) =>
    word.normalize('NFKC').toLowerCase(),
  )
  const bare = letters(text)
  return words.some((word) => word !== '' && (text === word || (bare !== '' && bare === letters(word))))
}

export interface AboutPerson {
  email?: string
  name?: string
}

export interface PasswordFault {
  /** In Better Auth's words, since its routes say it. */
  code: 'PASSWORD_TOO_SHORT' | 'PASSWORD_TOO_LONG' | 'PASSWORD_TOO_COMMON'
  message: string
}

/** What is wrong with a new password, in a sentence that helps; undefined when it will do. */
export function passwordFault(password: string, about: AboutPerson = {}): PasswordFault | undefined {
  const { min, max } = passwordLength
  const length = [...password].length
  if (length < min) return { code: 'PASSWORD_TOO_SHORT', message: `Use at least ${min} characters.` }
  if (length > max) return { code: 'PASSWORD_TOO_LONG', message: `Use at most ${max} characters.` }
  const text = password.normalize('NFKC').toLowerCase()
  const common = (message: string) => ({ code: 'PASSWORD_TOO_COMMON', message }) as const
  if (isCommon(text) || isRepetition(text))
    return common('This password is among the first to be tried. Choose another.')
  return isAboutPerson(text, about) ? common('Leave your name and email address out of the password.') : undefined
}

/** 12 to 128 characters, none of the common ones, and not the person's own name or email. */
export function mayUsePassword(password: string, about: AboutPerson = {}): Result<void, 'invalid_request'> {
  const fault = passwordFault(password, about)
  return fault === undefined ? ok(undefined) : invalid('password', fault.message)
}

const hour = 60 * 60
const day = 24 * hour

/** How long a session lives: it rolls on while it is used, at most once a day, and ends for good after `longest`. */
export const sessionSeconds = { idle: 30 * day, rolledEvery: day, longest: 90 * day } as const

/** How many sessions a person has at most; the oldest ends when another begins. */
export const sessionsPerPerson = 100

/** How long the link for a new password works. */
export const resetLinkSeconds = hour

/** A rolled session's end, held to the absolute bound since it began. */
export const rolledSessionEnd = (startedAt: Date, wanted: Date): Date =>
  new Date(Math.min(wanted.getTime(), startedAt.getTime() + sessionSeconds.longest * 1000))
