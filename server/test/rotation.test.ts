import { expect, test, vi } from 'vitest'
import { resourceKeys } from '../src/http/credentials.ts'
import { describeOnBoth } from './databases.ts'
import { harness, password } from './harness.ts'
import { codeOf, cookiesOf, startOfSignIn } from './sign-in.ts'

// Each password that is checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })

const old = 'an old secret of thirty-two characters and more'
const fresh = 'a new secret of thirty-two characters and more'
const url = 'http://localhost:3000'
type Start = ReturnType<typeof startOfSignIn>

/** The steps of docs/operations.md, "Rotating secrets": what PORTCULLIS_SECRET is at each. */
const steps = [[old], [old, fresh], [fresh, old]] as const

describeOnBoth('PORTCULLIS_SECRET is replaced, one process after another', (open) => {
  test('a session begun at any step is good at that step, the one before and the one after', async () => {
    const database = await open()
    const { admin } = await (await harness(database)).newOrganization()
    const starts = steps.map((secrets) => startOfSignIn(database, url, secrets))
    for (const [at, begun] of starts.entries()) {
      const signedIn = await begun.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })
      const headers = new Headers({ cookie: cookiesOf(signedIn.headers) })
      for (const process of starts.slice(Math.max(0, at - 1), at + 2))
        expect(await process.sessionOf(headers), `begun at step ${at}`).toMatchObject({ userId: admin.userId })
    }
    await Promise.all(starts.map((it) => it.settled()))
  })

  test('in one step from old to new the processes that still have the old one know no new session', async () => {
    const database = await open()
    const { admin } = await (await harness(database)).newOrganization()
    const [before, after] = [startOfSignIn(database, url, [old]), startOfSignIn(database, url, [fresh, old])]
    const signedIn = await after.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })
    expect(await before.sessionOf(new Headers({ cookie: cookiesOf(signedIn.headers) }))).toBeUndefined()
    await Promise.all([before.settled(), after.settled()])
  })

  test('what was encrypted before lives on; what is encrypted then needs the newest alone', async () => {
    const database = await open()
    const app = await harness(database)
    const [before, , after] = steps.map((secrets) => startOfSignIn(database, url, secrets)) as [Start, Start, Start]
    const later = startOfSignIn(database, url, [fresh])

    /** Signed in by a password, and an authenticator set up: its secret is encrypted by that process' newest. */
    const withAuthenticator = async (start: Start) => {
      const { admin } = await app.newOrganization()
      const signedIn = await start.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })
      const cookie = cookiesOf(signedIn.headers)
      const begun = await start.ask('POST', '/two-factor/enable', cookie, { password })
      const { totpURI } = (await begun.json()) as { totpURI: string }
      const confirmed = await start.ask('POST', '/two-factor/verify-totp', cookie, { code: codeOf(totpURI) })
      expect(confirmed.status).toBe(200)
      return { email: admin.email, totpURI }
    }
    /** A whole sign-in with the authenticator's next code. */
    const signIn = async (start: Start, { email, totpURI }: { email: string; totpURI: string }) => {
      const owed = cookiesOf((await start.ask('POST', '/sign-in/email', undefined, { email, password })).headers)
      return start.ask('POST', '/two-factor/verify-totp', owed, { code: codeOf(totpURI, 1) })
    }

    const [early, lost] = [await withAuthenticator(before), await withAuthenticator(before)]
    const late = await withAuthenticator(after)
    expect((await signIn(later, late)).status).toBe(200)
    expect((await signIn(after, early)).status).toBe(200)
    // Without the old secret nobody can read what it encrypted, so a good code opens nothing.
    expect((await signIn(later, lost).catch(() => ({ status: 500 }))).status).not.toBe(200)
    await Promise.all([before, after, later].map((it) => it.settled()))
  })
})

test('a resource key is replaced: both open the doors meanwhile, wherever they stand in the list', () => {
  const bearer = (value: string) => ({ scheme: 'bearer', value })
  const knows = [[old], [old, fresh], [fresh, old], [fresh]].map((keys) => {
    const knowsKey = resourceKeys(keys)
    return [knowsKey(bearer(old)), knowsKey(bearer(fresh))]
  })
  expect(knows).toEqual([
    [true, false],
    [true, true],
    [true, true],
    [false, true],
  ])
})
