import { beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type As, type Harness, harness, password } from '../../../test/harness.ts'
import { createPeopleTester, mailedSecret, secretOf } from '../../../test/people.ts'
import { cookiesOf, freshSession, signIn } from '../../../test/sign-in.ts'

const dayMs = 24 * 60 * 60 * 1000
const other = 'another good password of theirs'

describeOnBoth('invitations with a shown link', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  /** The admin of one organization accepts the invitation of an address that is not theirs. */
  const claimAddress = async (email: string) => {
    const acme = await app.newOrganization('Acme')
    const people = createPeopleTester(app)
    const accepted = await people.accept(await people.inviteShown(acme, email), { name: 'Mallory', password: other })
    expect(accepted.status).toBe(200)
    return { acme, people, mallory: { cookie: cookiesOf(accepted.headers) } }
  }

  test('O11, O14: an admin who claimed an address gets no rights in an organization that the operator creates for it', async () => {
    const email = app.newEmail()
    const { acme, mallory, people } = await claimAddress(email)
    const refused = await people.runCommand('organization-create', { name: 'Globex', adminEmail: email })
    expect(refused).toMatchObject({ exitCode: 1 })
    expect(refused.printed).toContain('--invite-existing')

    const created = await people.runCommand('organization-create', {
      name: 'Globex',
      adminEmail: email,
      inviteExisting: true,
    })
    expect(created.exitCode).toBe(0)
    const { organizationId } = created.value as { organizationId: string }
    expect((await app.call('GET', `/api/v1/organizations/${organizationId}`, { as: mallory })).status).toBe(404)
    const { body: me } = await app.call('GET', '/api/v1/me', { as: mallory })
    expect(me.user).toMatchObject({ email, emailProven: false })
    expect(me.organizations.map((it: { id: string }) => it.id)).toEqual([acme.id])
  })

  test('200: the operator ends what was claimed, and the owner of the address joins by the operator’s links', async () => {
    const email = app.newEmail()
    const { acme, mallory, people } = await claimAddress(email)
    const token = await acme.newToken(mallory)
    const created = await people.runCommand('organization-create', {
      name: 'Globex',
      adminEmail: email,
      inviteExisting: true,
    })
    const invitation = secretOf(created.printed)
    const reset = await people.runCommand('admin-reset-person', { email })
    expect(reset.printed).toContain(`Acme (${acme.id})`)
    expect((await app.call('GET', '/api/v1/me', { as: mallory })).status).toBe(401)
    expect((await app.call('GET', '/api/v1/me', { as: { token: token.secret } })).status).toBe(401)
    expect((await signIn(app, email, other)).status).toBe(401)
    expect(await acme.events('?action=member.sign_in_reset')).toMatchObject([
      { actor: { kind: 'operator' }, before: { tokens: [token.id] } },
    ])

    const link = await people.runCommand('admin-reset-password', { email })
    const chosen = await app.call('POST', '/api/auth/reset-password', {
      body: {
        token: new URL(/https?:\S+/.exec(link.printed)?.[0] ?? '').searchParams.get('token'),
        newPassword: password,
      },
    })
    expect(chosen.status).toBe(200)
    const owner = await freshSession(app, email)
    expect((await people.accept(invitation, {}, owner)).status).toBe(200)
    const { body } = await app.call('GET', '/api/v1/me', { as: owner })
    expect(body.organizations).toHaveLength(2)
    // The operator's link was shown, so it proves nothing.
    expect(body.user.emailProven).toBe(false)
  })

  test('200: a link for an open invitation of the operator is replaced; a member who joined is not invited again', async () => {
    const people = createPeopleTester(app)
    const globex = await app.newOrganization('Globex')
    const email = app.newEmail()
    const args = { organization: globex.id, email }
    const first = await people.runCommand('organization-invite-admin', args)
    const second = await people.runCommand('organization-invite-admin', args)
    expect((await people.look(secretOf(first.printed))).status).toBe(404)
    expect((await people.accept(secretOf(second.printed), { name: 'Ada', password })).status).toBe(200)
    expect(await people.runCommand('organization-invite-admin', args)).toMatchObject({ exitCode: 1 })
    const absent = { organization: 'org_01h455vb4pex5vsknk084sn02q', email }
    expect(await people.runCommand('organization-invite-admin', absent)).toMatchObject({ exitCode: 1 })
  })

  test('O13: alike for a person who exists and for one who does not, until someone tries to accept', async () => {
    const people = createPeopleTester(app)
    const [acme, globex] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const [known, unknown] = [globex.admin.email, app.newEmail()]
    const secrets = [await people.inviteShown(acme, known), await people.inviteShown(acme, unknown)]
    const answers = async (ask: (secret: string) => Promise<{ status: number; body: Record<string, unknown> }>) =>
      Promise.all(
        secrets.map(async (secret) => {
          const { status, body } = await ask(secret)
          return JSON.stringify([status, body]).replaceAll(known, 'EMAIL').replaceAll(unknown, 'EMAIL')
        }),
      )
    const alike = async (ask: Parameters<typeof answers>[0]) => {
      const [first, second] = (await answers(ask)).map((it) => it.replace(/"requestId":"[^"]*"/, ''))
      expect(first).toBe(second)
      return first
    }
    expect(await alike(people.look)).toContain('"userExists":null,"freshStart":null')
    for (const body of [{}, { name: 'Ada' }, { password }, { name: 'Ada', password: 'passwordpassword' }])
      await alike((secret) => people.accept(secret, body))
    await alike((secret) => people.accept(secret, {}, acme.admin))
    await alike(people.startAfresh)
    // Members are listed alike, too, and nothing was recorded.
    const { body } = await app.call('GET', `${acme.path}/members?status=invited`, { as: acme.admin })
    expect(new Set(body.items.map((it: object) => Object.keys(it).join()))).toHaveProperty('size', 1)
    expect(body.items[0]).not.toHaveProperty('emailProven')
    expect(await acme.events('?action=invitation.refused')).toEqual([])
  })

  test('O13: 409 five times, each an event, then 404 as for an unknown link, also to several at once', async () => {
    const people = createPeopleTester(app)
    const [acme, globex] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const secret = await people.inviteShown(acme, globex.admin.email)
    const tries = await Promise.all(
      Array.from({ length: 8 }, () => people.accept(secret, { name: 'Mallory', password })),
    )
    expect(tries.map((it) => it.status).toSorted()).toEqual([...Array(3).fill(404), ...Array(5).fill(409)].toSorted())
    const events = await acme.events('?action=invitation.refused')
    expect(events).toHaveLength(5)
    expect(events[0]).toMatchObject({ actor: { kind: 'anonymous' }, target: { kind: 'invitation' } })
    expect((await people.look(secret)).status).toBe(404)
    expect((await people.accept(secret, {}, globex.admin)).status).toBe(404)
  })

  test('401 or 409: a session that ended while its acceptance waited does not join', async () => {
    const people = createPeopleTester(app)
    const [acme, globex] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const secret = await people.inviteShown(acme, globex.admin.email)
    const [accepted] = await Promise.all([
      people.accept(secret, {}, globex.admin),
      people.runCommand('admin-reset-person', { email: globex.admin.email }),
    ])
    const members = await app.call('GET', `${acme.path}/members?status=joined`, { as: acme.admin })
    expect(members.body.items).toHaveLength(accepted.status === 200 ? 2 : 1)
    expect((await app.call('GET', '/api/v1/me', { as: globex.admin })).status).toBe(401)
  })

  test('O11: admins see whose address is not proven, others do not; the operator vouches for it', async () => {
    const acme = await app.newOrganization('Acme')
    const people = createPeopleTester(app)
    const mia = await acme.newMember()
    const seen = async (as: As) => (await app.call('GET', `${acme.path}/members/${mia.accountId}`, { as })).body
    expect((await seen(acme.admin)).emailProven).toBe(false)
    expect(await seen(mia)).not.toHaveProperty('emailProven')
    expect(await people.runCommand('admin-confirm-address', { email: mia.email.toUpperCase() })).toMatchObject({
      exitCode: 0,
    })
    expect((await seen(acme.admin)).emailProven).toBe(true)
    await people.runCommand('admin-reset-person', { email: mia.email })
    expect((await seen(acme.admin)).emailProven).toBe(false)
    expect(await acme.events('?action=member.address_confirmed')).toMatchObject([{ target: { id: mia.accountId } }])
    for (const name of ['confirm-address', 'reset-person', 'reset-second-factor', 'stop-fresh-start'])
      expect(await people.runCommand(`admin-${name}`, { email: app.newEmail() })).toMatchObject({ exitCode: 1 })
  })
})

describeOnBoth('invitations with a mailed link', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open(), { mail: true })
  })

  const later = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
    const before = app.clock.now
    app.clock.now = new Date(before.getTime() + ms)
    try {
      return await work()
    } finally {
      app.clock.now = before
    }
  }

  /** A person whose address nobody proved, in an organization of their own, and an invitation mailed by another. */
  const stage = async () => {
    const people = createPeopleTester(app)
    const [acme, globex] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const { email } = acme.admin
    await people.invite(globex, email)
    return { people, acme, globex, email, secret: await mailedSecret(app, email) }
  }

  test('429: one address gets ten mails a day from an organization, however often it is invited', async () => {
    const people = createPeopleTester(app)
    const [acme, globex] = [await app.newOrganization('Acme'), await app.newOrganization('Globex')]
    const [email, other] = [app.newEmail(), app.newEmail()]
    const invited = await people.invite(acme, email)
    const path = `${acme.path}/invitations/${invited.body.invitations[0].id}`
    const resend = () => app.call('POST', `${path}/resend`, { as: acme.admin })
    for (let n = 1; n < 10; n += 1) expect((await resend()).status).toBe(200)
    const refused = await resend()
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(204)
    expect((await people.invite(acme, email)).status).toBe(429)
    expect(app.sent.filter(({ to }) => to === email)).toHaveLength(10)
    // What one organization did binds no other, and no other address.
    expect((await people.invite(globex, email)).status).toBe(201)
    expect((await people.invite(acme, other)).status).toBe(201)
  })

  test('200: a mailed link proves the address of a new person, and of one who accepts signed in', async () => {
    const people = createPeopleTester(app)
    const acme = await app.newOrganization('Acme')
    const email = app.newEmail()
    await people.invite(acme, email)
    const secret = await mailedSecret(app, email)
    expect((await people.look(secret)).body).toMatchObject({ userExists: false, freshStart: null })
    const accepted = await people.accept(secret, { name: 'Mia', password })
    const { body: me } = await app.call('GET', '/api/v1/me', { as: { cookie: cookiesOf(accepted.headers) } })
    expect(me.user.emailProven).toBe(true)

    const { secret: second, acme: own, email: known } = await stage()
    expect((await people.look(second)).body).toMatchObject({ userExists: true, freshStart: { state: 'available' } })
    expect((await people.accept(second, {}, own.admin)).status).toBe(200)
    expect((await app.call('GET', '/api/v1/me', { as: own.admin })).body.user).toMatchObject({
      email: known,
      emailProven: true,
    })
  })

  test('O12: after a notice and 24 hours the owner of the mailbox starts afresh, and what was there before ends', async () => {
    const { people, acme, globex, email, secret } = await stage()
    const token = await acme.newToken(acme.admin)
    expect((await people.accept(secret, { name: 'Real', password: other })).body.code).toBe('sign_in_required')
    const asked = await people.startAfresh(secret)
    const readyAt = new Date(app.clock.now.getTime() + dayMs).toISOString()
    expect(asked).toMatchObject({ status: 200, body: { state: 'waiting', readyAt } })
    expect((await later(1000, () => people.startAfresh(secret))).body).toEqual({ state: 'waiting', readyAt })

    // The notice: to live sessions, to admins who see the member, and in each organization's log.
    expect((await app.call('GET', '/api/v1/me', { as: acme.admin })).body.user.freshStartAt).toBe(readyAt)
    const member = await app.call('GET', `${acme.path}/members/${acme.admin.accountId}`, { as: acme.admin })
    expect(member.body.freshStartAt).toBe(readyAt)
    const notices = await acme.events('?action=fresh_start.requested')
    expect(notices).toHaveLength(1)
    expect(notices).toMatchObject([{ actor: { kind: 'anonymous' }, after: { readyAt } }])
    expect(JSON.stringify(notices)).not.toContain(globex.id)

    await later(dayMs - 1, async () => {
      expect((await people.look(secret)).body.freshStart).toEqual({ state: 'waiting', readyAt })
      const early = await people.accept(secret, { name: 'Real', password: other })
      expect(early).toMatchObject({ status: 409, body: { code: 'sign_in_required' } })
      expect((await app.call('GET', '/api/v1/me', { as: acme.admin })).status).toBe(200)
    })
    await later(dayMs, async () => {
      expect((await people.look(secret)).body.freshStart).toEqual({ state: 'ready', readyAt })
      const accepted = await people.accept(secret, { name: 'Real', password: other })
      expect(accepted.status).toBe(200)
      const owner = { cookie: cookiesOf(accepted.headers) }
      const { body: me } = await app.call('GET', '/api/v1/me', { as: owner })
      expect(me.user).toEqual({ id: acme.admin.userId, name: 'Real', email, emailProven: true })
      expect(me.organizations).toHaveLength(2)
      expect((await app.call('GET', '/api/v1/me', { as: acme.admin })).status).toBe(401)
      expect((await app.call('GET', '/api/v1/me', { as: { token: token.secret } })).status).toBe(401)
      expect((await signIn(app, email)).status).toBe(401)
      expect((await signIn(app, email, other)).status).toBe(200)
      const log = await app.call('GET', `${acme.path}/audit-events?action=fresh_start.completed`, { as: owner })
      expect(log.body.items).toMatchObject([{ before: { tokens: [token.id] }, target: { name: 'Real' } }])
      expect((await people.accept(secret, { name: 'Real', password: other })).status).toBe(404)
    })
  })

  test('O12: the second factor that somebody else turned on goes, too', async () => {
    const { people, acme, email, secret } = await stage()
    await people.enableSecondFactor(acme.admin)
    expect((await signIn(app, email)).body.twoFactorRedirect).toBe(true)
    await people.startAfresh(secret)
    await later(dayMs, async () => {
      expect((await people.accept(secret, { name: 'Real', password: other })).status).toBe(200)
      const again = await signIn(app, email, other)
      expect(again.body).not.toHaveProperty('twoFactorRedirect')
    })
  })

  test('409: the operator stops it, vouches for the address, or the link is replaced; nothing ends', async () => {
    for (const objection of ['admin-stop-fresh-start', 'admin-confirm-address', 'resend'] as const) {
      const { people, acme, globex, email, secret } = await stage()
      await people.startAfresh(secret)
      if (objection === 'resend') await people.resendAll(globex)
      else await people.runCommand(objection, { email })
      await later(dayMs, async () => {
        const refused = await people.accept(secret, { name: 'Real', password: other })
        expect(refused.status).toBe(objection === 'resend' ? 404 : 409)
        expect((await people.startAfresh(secret)).status).toBe(404)
      })
      expect((await app.call('GET', '/api/v1/me', { as: acme.admin })).body.user.freshStartAt).toBeUndefined()
      expect((await signIn(app, email)).status).toBe(200)
    }
  })

  test('200 once: of several completions at the same moment', async () => {
    const { people, acme, secret, email } = await stage()
    await people.startAfresh(secret)
    await later(dayMs, async () => {
      const tries = await Promise.all([1, 2, 3].map(() => people.accept(secret, { name: 'Real', password: other })))
      expect(tries.filter((it) => it.status === 200)).toHaveLength(1)
      expect((await signIn(app, email, other)).status).toBe(200)
      expect((await app.call('GET', '/api/v1/me', { as: acme.admin })).status).toBe(401)
    })
  })

  describe('a forgotten password', () => {
    const reset = async (email: string) => {
      await app.call('POST', '/api/auth/request-password-reset', { body: { email } })
      await app.signIn.settled()
      const mail = app.sent.filter(({ to, text }) => to === email && text.includes('?token=')).at(-1)
      const token = /token=([A-Za-z0-9_-]+)/.exec(mail?.text ?? '')?.[1]
      return app.call('POST', '/api/auth/reset-password', { body: { token, newPassword: other } })
    }

    test('O11: a mailed link proves the address', async () => {
      const { admin } = await app.newOrganization()
      expect((await reset(admin.email)).status).toBe(200)
      const as = await freshSession(app, admin.email, other)
      expect((await app.call('GET', '/api/v1/me', { as })).body.user.emailProven).toBe(true)
    })

    test('O11: it removes no second factor, and proves nothing while one is on', async () => {
      const people = createPeopleTester(app)
      const { admin } = await app.newOrganization()
      await people.enableSecondFactor(admin)
      expect((await reset(admin.email)).status).toBe(200)
      expect((await signIn(app, admin.email, other)).body.twoFactorRedirect).toBe(true)
      expect((await app.deps.people.stateByEmail(admin.email))?.emailProvenAt).toBeNull()
      expect(await people.runCommand('admin-reset-second-factor', { email: admin.email })).toMatchObject({
        exitCode: 0,
      })
      const as = await freshSession(app, admin.email, other)
      expect((await app.call('GET', '/api/v1/me', { as })).status).toBe(200)
    })
  })
})
