import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a browser is recognized after its last sign-in, and for how many people. */
const deviceSeconds = 90 * 24 * 60 * 60
const maxPeople = 5
const form = /^[\w-]{22}\.[0-9a-z]{1,8}\.[\w-]{43}$/

/** A person as a device cookie knows them: another password makes every cookie of before worthless. */
export interface DevicePerson {
  userId: string
  password: string | null
}

export interface Devices {
  /** The nonce of the entry for this person, if this browser signed them in before. */
  recognize: (cookies: string | null, person: DevicePerson, now: Date) => string | undefined
  /** A `Set-Cookie` value with a new entry for this person in place of the one before. */
  remember: (cookies: string | null, person: DevicePerson, now: Date) => string
}

const toSeconds = (now: Date) => Math.floor(now.getTime() / 1000)

/**
 * A signed cookie that says only that somebody signed in with this browser, so that strangers who guess a person's password
 * do not lock that person out. It names nobody: an entry can be verified only for a person who is about to sign in. Each
 * sign-in rotates the entry; it opens nothing. (S5)
 */
export function createDevices(prefix: string, secrets: readonly [string, ...string[]], secure: boolean): Devices {
  const name = `${prefix}.device`
  const sign = (secret: string, { userId, password }: DevicePerson, head: string) =>
    createHmac('sha256', secret)
      .update(['portcullis device', userId, password ?? '', head].join('\n'))
      .digest('base64url')

  const readEntries = (cookies: string | null): string[] => {
    const pair = (cookies ?? '').split(';').find((text) => text.trim().startsWith(`${name}=`))
    const value = pair?.slice(pair.indexOf('=') + 1).trim() ?? ''
    return value
      .split('~')
      .slice(0, maxPeople)
      .filter((entry) => form.test(entry))
  }

  const isOf = (entry: string, person: DevicePerson, now: Date): boolean => {
    const [nonce = '', issued = '', mac = ''] = entry.split('.')
    const age = toSeconds(now) - Number.parseInt(issued, 36)
    if (!(age >= -60 && age < deviceSeconds)) return false
    const given = Buffer.from(mac)
    return secrets.some((secret) => {
      const expected = Buffer.from(sign(secret, person, `${nonce}.${issued}`))
      return expected.length === given.length && timingSafeEqual(expected, given)
    })
  }

  return {
    recognize: (cookies, person, now) =>
      readEntries(cookies)
        .find((entry) => isOf(entry, person, now))
        ?.split('.')[0],
    remember: (cookies, person, now) => {
      const head = `${randomBytes(16).toString('base64url')}.${toSeconds(now).toString(36)}`
      const others = readEntries(cookies).filter((entry) => !isOf(entry, person, now))
      const entries = [`${head}.${sign(secrets[0], person, head)}`, ...others].slice(0, maxPeople)
      const flags = `Max-Age=${deviceSeconds}; Path=/; HttpOnly;${secure ? ' Secure;' : ''} SameSite=Lax`
      return `${name}=${entries.join('~')}; ${flags}`
    },
  }
}
