import { createHmac, randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { typeidUnboxed } from 'typeid-js'
import { hashedInTurns, type PasswordHashing } from '../src/auth/passwords.ts'
import { limiter } from '../src/db/limiter.ts'
import { lookups } from '../src/db/lookups.ts'
import type { OpenDatabase } from '../src/db/open.ts'
import { people } from '../src/db/people.ts'
import { buildSignIn } from '../src/features/sign-in/actions.ts'
import { signInRoutes } from '../src/features/sign-in/routes.ts'
import { createChangeRations } from '../src/http/change-rations.ts'
import { originsOf } from '../src/http/origins.ts'
import { signInHandler } from '../src/http/sign-in.ts'
import type { Answer, As, Harness } from './harness.ts'
import { password } from './harness.ts'
import { changeOn } from './operator-change.ts'

/** What a browser keeps of an answer: `name=value` of each cookie that was set and not removed. */
export const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .filter((it) => !/;\s*Max-Age=0/i.test(it))
    .map((it) => it.split(';')[0])
    .join('; ')

/** Signs in over HTTP from an address of the test's choice. */
export const signIn = (app: Harness, email: string, secret = password, from = '192.0.2.1'): Promise<Answer> =>
  app.call('POST', '/api/auth/sign-in/email', {
    body: { email, password: secret },
    headers: { 'x-portcullis-client': from },
  })

/** Signed in with a session of its own. */
export async function freshSession(app: Harness, email: string, secret = password): Promise<As & { cookie: string }> {
  const answer = await signIn(app, email, secret)
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
  return { cookie: cookiesOf(answer.headers) }
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const base32Bytes = (text: string) => {
  const bits = [...text].map((letter) => base32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** The code that an authenticator shows for an `otpauth:` address (RFC 6238), some steps of 30 seconds from now. */
export function codeOf(otpauth: string, steps = 0): string {
  const secret = base32Bytes(new URL(otpauth).searchParams.get('secret') ?? '')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Sign-in as another start of the service would wire it: another public URL, other secrets. */
export function startOfSignIn(
  { db }: Pick<OpenDatabase, 'db'>,
  publicUrl: string,
  secrets: readonly [string, ...string[]],
  {
    hashing = hashedInTurns(() => undefined),
    changesPerMinute = 1_000_000,
  }: { hashing?: PasswordHashing; changesPerMinute?: number } = {},
) {
  const world = { now: () => new Date(), newId: typeidUnboxed, randomBytes }
  const signIn = buildSignIn({
    db,
    change: changeOn(db, world.newId),
    lookups: lookups(db, { holds: true, applied: 0, mark: '', beginnings: 0, confirmedAt: 0 }),
    people: people(db),
    limiter: limiter(db, world),
    instance: { publicUrl, productName: 'AI Hub' },
    origins: originsOf(publicUrl),
    secrets,
    hashing,
    outbox: { configured: false, send: () => Promise.reject(new Error('no mail')) },
    mailQueue: { deliverMails: async () => undefined },
    log: pino({ level: 'silent' }),
    world,
  })
  const handler = signInHandler(
    signIn,
    signInRoutes,
    createChangeRations(changesPerMinute, () => performance.now()),
  )
  const ask = (method: string, path: string, cookie?: string, body?: unknown, from?: string) =>
    handler(
      new Request(`${publicUrl}/api/auth${path}`, {
        method,
        headers: {
          ...(cookie !== undefined && { cookie, origin: publicUrl }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(from !== undefined && { 'x-portcullis-client': from }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
  return { ...signIn, ask }
}
