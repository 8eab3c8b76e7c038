import { expect, test } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { harness, password, publicUrl, serviceSecret } from '../../test/harness.ts'
import { startOfSignIn } from '../../test/sign-in.ts'
import { hashedInTurns } from '../auth/passwords.ts'

describeOnBoth('S5: the ration of changes that a person may make', (open) => {
  test('is not used up by sign-ins of strangers that are refused for load, or that still wait', async () => {
    const database = await open()
    const { admin } = await (await harness(database)).newOrganization()
    const gate = Promise.withResolvers<void>()
    const hashing = hashedInTurns(() => undefined, {
      hash: () => gate.promise.then(() => ''),
      verify: (attempt) => gate.promise.then(() => attempt.password === password),
    })
    const server = startOfSignIn(database, publicUrl, [serviceSecret], { hashing, changesPerMinute: 5 })
    const signIn = (email: string, secret: string, from: string) =>
      server.ask('POST', '/sign-in/email', undefined, { email, password: secret }, from)

    // They occupy both threads and every place in front of them.
    const waiting = Array.from({ length: 202 }, (_, n) => {
      const email = n % 20 === 0 ? admin.email : `nobody${n}@example.com`
      return signIn(email, 'a guess', `198.51.100.${n}`).catch(() => undefined)
    })
    const settled = Promise.all(waiting)
    const overloaded = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => signIn(admin.email, 'a guess', `203.0.113.${n}`)),
    )
    expect(overloaded.map(({ status }) => status)).toEqual(Array(10).fill('rejected'))
    const own = signIn(admin.email, password, '192.0.2.1')
    gate.resolve()
    await settled
    expect([200, undefined]).toContain((await own.catch(() => undefined))?.status)
    expect((await signIn(admin.email, password, '192.0.2.1')).status).toBe(200)
    await server.settled()
  }, 60_000)
})
