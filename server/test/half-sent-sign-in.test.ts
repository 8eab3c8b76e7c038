import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { sessionEndings } from './half-sent-actors.ts'
import { failOnEarlyReply, type Held, type Reply } from './half-sent-client.ts'
import { type Operation, type SignedIn, signInOperations, signInRecipes } from './half-sent-operations.ts'
import { type HalfSentWorld, type Hold, openHalfSentWorld } from './half-sent-world.ts'
import { password } from './harness.ts'
import { codeOf, cookiesOf } from './sign-in.ts'

describeOnBoth('sign-in under way', (open) => {
  let world: HalfSentWorld
  beforeAll(async () => {
    world = await openHalfSentWorld(await open())
    return () => world.close()
  })
  afterEach(() => {
    for (const hold of Object.values(world.betterAuth)) {
      hold.end()
      hold.release()
    }
  })

  /** Opens a request below /api/auth, held when what it waits for is known and before anything is written. */
  async function holdRequest(
    { id, path, body, cookie }: { id: string; path: string; body: unknown; cookie?: string },
    hold: Hold,
    skip = 0,
  ): Promise<Held> {
    hold.begin(skip)
    const as = cookie === undefined ? undefined : { cookie }
    const held = { operation: { id }, request: world.open({ method: 'POST', path, body }, as) }
    held.request.complete()
    await Promise.race([hold.arrived.reached(1), failOnEarlyReply([held])])
    hold.end()
    return held
  }

  const holdSignIn = async ({ id, path }: Operation, signedIn: SignedIn): Promise<Held> => {
    const { prepare, earlierLookups } = signInRecipes[id]!
    const body = await prepare(world, signedIn)
    return holdRequest({ id, path, body, ...signedIn.session }, world.betterAuth.sessions, earlierLookups)
  }

  const newSignedIn = async (): Promise<SignedIn> => {
    const person = await world.stage.org.newMember()
    return { person, session: { cookie: person.cookie } }
  }

  describe.each(signInOperations.map((operation) => [operation.id, operation] as const))('%s', (id, operation) => {
    test('200 when the session goes on', async () => {
      const signedIn = await newSignedIn()
      const held = await holdSignIn(operation, signedIn)
      const before = await signInRecipes[id]!.readState(world, signedIn)
      world.betterAuth.sessions.release()
      expect((await held.request.reply).status).toBe(200)
      if (id !== 'revokeOtherSessions') expect(await signInRecipes[id]!.readState(world, signedIn)).not.toEqual(before)
    })

    test.each(sessionEndings.map((ending) => [ending.title, ending] as const))(
      '401, and nothing is written, when %s',
      async (_title, ending) => {
        const signedIn = await newSignedIn()
        const held = await holdSignIn(operation, signedIn)
        const { person } = signedIn
        await ending.apply(world, { as: signedIn.session, accountId: person.accountId, person })
        const before = await signInRecipes[id]!.readState(world, signedIn)
        const sequence = await world.settledSequence()
        world.betterAuth.sessions.release()
        expect((await held.request.reply).status).toBe(401)
        expect(await signInRecipes[id]!.readState(world, signedIn)).toEqual(before)
        expect(await world.settledSequence()).toBe(sequence)
      },
    )
  })

  const callAuth = async (path: string, body: unknown, cookie?: string) => {
    const as = cookie === undefined ? undefined : { cookie }
    const answer = await world.app.call('POST', `/api/auth/${path}`, { as, body })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }

  const countSessions = async ({ person }: SignedIn): Promise<number> => {
    const rows = world.app.signIn.db.selectFrom('sessions').select('id').where('user_id', '=', person.userId)
    return (await rows.execute()).length
  }

  const newPassword = 'an entirely different passphrase'
  const changePassword = ({ session }: SignedIn) =>
    callAuth('change-password', { currentPassword: password, newPassword, revokeOtherSessions: true }, session.cookie)
  const turnOnSecondFactor = async ({ session }: SignedIn) => {
    const made = await callAuth('two-factor/enable', { password }, session.cookie)
    const verified = await callAuth('two-factor/verify-totp', { code: codeOf(made.body.totpURI) }, session.cookie)
    return { ...made.body, cookie: cookiesOf(verified.headers) || session.cookie }
  }

  describe('a sign-in whose password was verified', () => {
    const verified = (signedIn: SignedIn) =>
      holdRequest(
        { id: 'signInEmail', path: '/api/auth/sign-in/email', body: { email: signedIn.person.email, password } },
        world.betterAuth.verifiedPasswords,
      )
    const complete = ({ request }: Held): Promise<Reply> => {
      world.betterAuth.verifiedPasswords.release()
      return request.reply
    }

    test('200 when nothing was changed', async () => {
      const signedIn = await newSignedIn()
      expect((await complete(await verified(signedIn))).status).toBe(200)
      expect(await countSessions(signedIn)).toBe(2)
    })

    test.each([
      ['the password was changed', changePassword],
      ['a second factor was turned on', turnOnSecondFactor],
    ] as const)('401 when %s meanwhile, and there is no new session', async (_title, change) => {
      const signedIn = await newSignedIn()
      const held = await verified(signedIn)
      await change(signedIn)
      const before = await countSessions(signedIn)
      expect(await complete(held)).toMatchObject({ status: 401, body: { code: 'INVALID_EMAIL_OR_PASSWORD' } })
      expect(await countSessions(signedIn)).toBe(before)
    })
  })

  test.each(['verify-totp', 'verify-backup-code'])(
    '401 for two-factor/%s of a sign-in that a change of the password voided meanwhile',
    async (name) => {
      const signedIn = await newSignedIn()
      const { totpURI, backupCodes, cookie } = await turnOnSecondFactor(signedIn)
      const challenge = await callAuth('sign-in/email', { email: signedIn.person.email, password })
      const held = await holdRequest(
        {
          id: name,
          path: `/api/auth/two-factor/${name}`,
          body: { code: name === 'verify-totp' ? codeOf(totpURI, 1) : backupCodes[0] },
          cookie: cookiesOf(challenge.headers),
        },
        world.betterAuth.challenges,
        1,
      )
      await changePassword({ ...signedIn, session: { cookie } })
      const before = await countSessions(signedIn)
      world.betterAuth.challenges.release()
      expect((await held.request.reply).status).toBe(401)
      expect(await countSessions(signedIn)).toBe(before)
    },
  )

  test('400 for a reset with a link that was used meanwhile, and the password stays', async () => {
    const signedIn = await newSignedIn()
    const made = await world.app.resetPassword(signedIn.person.email)
    const token = made.ok ? new URL(made.value.url).searchParams.get('token') : undefined
    const held = await holdRequest(
      { id: 'resetPassword', path: '/api/auth/reset-password', body: { token, newPassword: 'of whoever was slower' } },
      world.betterAuth.hashedPasswords,
    )
    await callAuth('reset-password', { token, newPassword })
    world.betterAuth.hashedPasswords.release()
    expect((await held.request.reply).status).toBe(400)
    await callAuth('sign-in/email', { email: signedIn.person.email, password: newPassword })
  })
})
