import { beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type As, type Harness, harness, password } from '../../../test/harness.ts'

const dayMs = 24 * 60 * 60 * 1000
type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('invitations', (open) => {
  let app: Harness
  let acme: Organization
  beforeAll(async () => {
    app = await harness(await open())
    acme = await app.newOrganization('Acme')
  })

  const invite = (body: object, org = acme, as: As = org.admin) =>
    app.call('POST', `${org.path}/invitations`, { as, body })
  const inviteOne = async (org = acme, email = app.newEmail(), role = 'member') => {
    const [invitation] = (await invite({ emails: [email], role }, org)).body.invitations
    return { ...invitation, secret: invitation.acceptUrl.split('/').at(-1) }
  }
  // Each test guesses from an address of its own, since guesses from one address are counted.
  const look = (secret: string) =>
    app.call('GET', `/api/v1/invitations/${secret}`, { headers: { 'x-portcullis-client': clientOf(secret) } })
  const accept = (secret: string, body: object, as?: As) =>
    app.call('POST', `/api/v1/invitations/${secret}/accept`, {
      as,
      body,
      headers: { 'x-portcullis-client': clientOf(secret) },
    })
  const clientOf = (secret: string) => `192.0.2.${(secret.codePointAt(3) ?? 0) % 250}`
  const laterBy = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
    const before = app.clock.now
    app.clock.now = new Date(before.getTime() + ms)
    try {
      return await work()
    } finally {
      app.clock.now = before
    }
  }

  describe('inviting', () => {
    test('201: several at a time, in groups already, each with a link and an event', async () => {
      const group = await acme.newGroup()
      const emails = [app.newEmail(), app.newEmail()]
      const typed = [`  ${emails[0]?.toUpperCase()} `, emails[1]]
      const answer = await invite({ emails: typed, role: 'admin', groupIds: [group] })
      expect(answer.status).toBe(201)
      expect(answer.body.invitations).toEqual(
        emails.map((email) => ({
          id: expect.stringMatching(/^inv_/),
          accountId: expect.stringMatching(/^mem_/),
          email,
          role: 'admin',
          expiresAt: new Date(app.clock.now.getTime() + 7 * dayMs).toISOString(),
          acceptUrl: expect.stringMatching(/^http:\/\/localhost:3000\/invitations\/[\w-]{43}$/),
        })),
      )
      const [first, second] = answer.body.invitations
      const seen = await app.call('GET', `${acme.path}/members/${first.accountId}`, { as: acme.admin })
      expect(seen.body).toMatchObject({ status: 'invited', role: 'admin', groups: [{ id: group, role: 'member' }] })
      const events = (await acme.events('?action=member.invited&limit=2')).reverse()
      expect(events).toMatchObject(
        [first, second].map((it) => ({
          target: { kind: 'member', id: it.accountId, name: it.email },
          after: { email: it.email, role: 'admin', groups: [group], invitation: it.id },
        })),
      )
      expect(JSON.stringify(events)).not.toContain(first.acceptUrl.split('/').at(-1))
    })

    test('422: one bad, joined, invited or repeated address refuses the whole list, each with its path (O3)', async () => {
      const invited = await inviteOne()
      const emails = [app.newEmail(), acme.admin.email.toUpperCase(), invited.email, app.newEmail()]
      const before = await acme.events()
      const refused = await invite({ emails: [...emails, emails[0]], role: 'member' })
      expect(refused.status).toBe(422)
      expect(refused.body.errors.map((it: { path: string }) => it.path)).toEqual(['emails.1', 'emails.2', 'emails.4'])
      expect((await invite({ emails: [emails[0], 'not an address'], role: 'member' })).body.errors).toMatchObject([
        { path: 'emails.1' },
      ])
      expect(await acme.events()).toEqual(before)
      const { items } = (await app.call('GET', `${acme.path}/members?search=${emails[0]}`, { as: acme.admin })).body
      expect(items).toEqual([])
    })

    test('422: a foreign group and an absent one are alike, and named by their places (O1)', async () => {
      const globex = await app.newOrganization('Globex')
      const groups = [await acme.newGroup(), await globex.newGroup(), 'grp_01h455vb4pex5vsknk084sn02q']
      const refused = await invite({ emails: [app.newEmail()], role: 'member', groupIds: groups })
      expect(refused.status).toBe(422)
      const [foreign, absent] = refused.body.errors
      expect([foreign.path, absent.path]).toEqual(['groupIds.1', 'groupIds.2'])
      expect(foreign.message).toBe(absent.message)
      expect((await app.call('GET', `${globex.path}/groups/${groups[1]}`, { as: globex.admin })).body.memberCount).toBe(
        0,
      )
    })

    test.each([
      ['no address', { emails: [], role: 'member' }, 'emails'],
      ['too many', { emails: Array.from({ length: 101 }, (_, i) => `p${i}@example.com`), role: 'member' }, 'emails'],
      ['an address that is too long', { emails: [`${'a'.repeat(250)}@x.org`], role: 'member' }, 'emails.0'],
      ['two in one', { emails: ['a@x.org,b@x.org'], role: 'member' }, 'emails.0'],
      ['a header', { emails: ['a@x.org\r\nBcc: b@x.org'], role: 'member' }, 'emails.0'],
      ['no role', { emails: ['a@x.org'] }, 'role'],
      ['no id', { emails: ['a@x.org'], role: 'member', groupIds: ['grp_1'] }, 'groupIds.0'],
      ['an unknown field', { emails: ['a@x.org'], role: 'member', message: 'hi' }, 'message'],
    ])('422: %s', async (_, body, path) => {
      expect(await invite(body)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
    })

    test('403: members invite nobody, resend and withdraw nothing', async () => {
      const mia = await acme.newMember()
      const { id } = await inviteOne()
      expect((await invite({ emails: ['a@x.org'], role: 'member' }, acme, mia)).status).toBe(403)
      expect((await app.call('POST', `${acme.path}/invitations/${id}/resend`, { as: mia })).status).toBe(403)
      expect((await app.call('DELETE', `${acme.path}/invitations/${id}`, { as: mia })).status).toBe(403)
    })

    test('201: the same list twice at once invites everybody once', async () => {
      const emails = [app.newEmail(), app.newEmail()]
      const answers = await Promise.all([1, 2, 3].map(() => invite({ emails, role: 'member' })))
      expect(answers.map((it) => it.status).sort()).toEqual([201, 422, 422])
    })
  })

  describe('accepting', () => {
    test('200: somebody new with a name and a password, who is signed in then', async () => {
      const invitation = await inviteOne()
      const seen = await look(invitation.secret)
      expect(seen.body).toEqual({
        organization: { id: acme.id, name: 'Acme', slug: expect.any(String) },
        email: invitation.email,
        expiresAt: invitation.expiresAt,
        userExists: null,
        freshStart: null,
      })
      const accepted = await accept(invitation.secret, { name: ' Mia 🌙 ', password })
      expect(accepted).toMatchObject({ status: 200, body: { id: acme.id, name: 'Acme', roles: [] } })
      const cookie = accepted.headers
        .getSetCookie()
        .map((it) => it.split(';')[0])
        .join('; ')
      const me = await app.call('GET', '/api/v1/me', { as: { cookie } })
      expect(me.body).toMatchObject({
        user: { name: 'Mia 🌙', email: invitation.email },
        organizations: [{ id: acme.id, accountId: invitation.accountId, role: 'member' }],
      })
      expect((await acme.events())[0]).toMatchObject({
        action: 'member.joined',
        actor: { kind: 'member', id: invitation.accountId, name: 'Mia 🌙' },
        before: { status: 'invited', invitation: invitation.id },
        after: { status: 'joined', email: invitation.email },
      })
    })

    test('200: a person who exists, signed in, with nothing more (O4)', async () => {
      const globex = await app.newOrganization('Globex')
      const invitation = await inviteOne(acme, globex.admin.email, 'admin')
      const accepted = await accept(invitation.secret, {}, globex.admin)
      expect(accepted.body.roles).toHaveLength(2)
      expect(accepted.headers.getSetCookie()).toEqual([])
      expect((await app.call('GET', acme.path, { as: globex.admin })).status).toBe(200)
    })

    test('409: a person who exists and is not signed in as themselves (O3)', async () => {
      const globex = await app.newOrganization('Globex')
      const mia = await acme.newMember()
      const invitation = await inviteOne(acme, globex.admin.email)
      const { secret: token } = await globex.newToken()
      for (const [as, body] of [
        [undefined, {}],
        [undefined, { name: 'Eve', password }],
        [mia, {}],
        [{ token }, {}],
      ] as const) {
        const refused = await accept(invitation.secret, body, as)
        expect(refused).toMatchObject({ status: 409, body: { code: 'sign_in_required' } })
      }
      expect((await look(invitation.secret)).status).toBe(200)
    })

    test('422: what is missing, too weak, or too much', async () => {
      const invitation = await inviteOne()
      const paths = async (body: object, as?: As) => {
        const { status, body: problem } = await accept(invitation.secret, body, as)
        return [status, ...problem.errors.map((it: { path: string }) => it.path)]
      }
      // With neither it is a person who forgot to sign in, whether they exist or not (O13).
      expect(await accept(invitation.secret, {})).toMatchObject({ status: 409, body: { code: 'sign_in_required' } })
      expect(await paths({ name: 'Mia' })).toEqual([422, 'password'])
      expect(await paths({ name: 'Mia', password: 'short' })).toEqual([422, 'password'])
      expect(await paths({ name: 'Mia', password: 'passwordpassword' })).toEqual([422, 'password'])
      expect(await paths({ name: 'Mia', password, role: 'admin' })).toEqual([422, 'role'])
      const globex = await app.newOrganization()
      const theirs = await inviteOne(acme, globex.admin.email)
      const tooMuch = await accept(theirs.secret, { name: 'Mia' }, globex.admin)
      expect(tooMuch.body.errors.map((it: { path: string }) => it.path)).toEqual(['name'])
      expect((await look(invitation.secret)).status).toBe(200)
    })

    test('404: unknown, used, voided, withdrawn and expired secrets get one answer', async () => {
      const used = await inviteOne()
      await accept(used.secret, { name: 'Mia', password })
      const voided = await inviteOne()
      await app.call('POST', `${acme.path}/invitations/${voided.id}/resend`, { as: acme.admin })
      const withdrawn = await inviteOne()
      await app.call('DELETE', `${acme.path}/invitations/${withdrawn.id}`, { as: acme.admin })
      const expired = await inviteOne()
      const unknown = 'A'.repeat(43)
      const answers = await laterBy(7 * dayMs, async () => {
        const all = [unknown, used.secret, voided.secret, withdrawn.secret, expired.secret, 'short']
        return Promise.all(all.flatMap((it) => [look(it), accept(it, { name: 'Mia', password })]))
      })
      for (const { status, body } of answers) {
        expect([status, { ...body, requestId: '' }]).toEqual([404, { ...answers[0]?.body, requestId: '' }])
      }
    })

    test('200 until the seventh day is over', async () => {
      const invitation = await inviteOne()
      await laterBy(7 * dayMs - 1, async () => expect((await look(invitation.secret)).status).toBe(200))
      await laterBy(7 * dayMs, async () => expect((await look(invitation.secret)).status).toBe(404))
    })

    test('200 once: of several at the same moment, one joins', async () => {
      const invitation = await inviteOne()
      const answers = await Promise.all([1, 2, 3].map((n) => accept(invitation.secret, { name: `Mia ${n}`, password })))
      const statuses = answers.map((it) => it.status)
      expect(statuses.filter((it) => it === 200)).toHaveLength(1)
      expect(statuses.every((it) => [200, 404, 409].includes(it))).toBe(true)
      expect(await acme.events(`?targetId=${invitation.accountId}&action=member.joined`)).toHaveLength(1)
    })

    test('409: the same new person in two organizations at once is made once, and asked to sign in', async () => {
      const globex = await app.newOrganization('Globex')
      const email = app.newEmail()
      const both = [await inviteOne(acme, email), await inviteOne(globex, email)]
      const answers = await Promise.all(both.map((it) => accept(it.secret, { name: 'Mia', password })))
      expect(answers.map((it) => it.status).sort()).toEqual([200, 409])
      expect(answers.find((it) => it.status === 409)?.body.code).toBe('sign_in_required')
      const open = both[answers.findIndex((it) => it.status === 409)]
      expect((await look(open?.secret)).status).toBe(200)
    })
  })

  describe('afterwards', () => {
    test('200: resent with another link for another seven days; the account stays', async () => {
      const first = await inviteOne()
      const resent = await laterBy(8 * dayMs, () =>
        app.call('POST', `${acme.path}/invitations/${first.id}/resend`, { as: acme.admin }),
      )
      expect(resent.body).toMatchObject({ id: first.id, accountId: first.accountId, email: first.email })
      expect(resent.body.expiresAt).toBe(new Date(app.clock.now.getTime() + 15 * dayMs).toISOString())
      const secret = resent.body.acceptUrl.split('/').at(-1)
      expect(secret).not.toBe(first.secret)
      expect((await look(first.secret)).status).toBe(404)
      expect((await accept(secret, { name: 'Mia', password })).status).toBe(200)
      expect(await acme.events('?action=invitation.resent')).toMatchObject([
        { target: { kind: 'invitation', id: first.id, name: first.email }, before: { expiresAt: first.expiresAt } },
        expect.anything(),
      ])
    })

    test('204: withdrawn; the account that waited is gone, and the address can be invited anew', async () => {
      const first = await inviteOne()
      const path = `${acme.path}/invitations/${first.id}`
      expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(204)
      expect((await app.call('GET', `${acme.path}/members/${first.accountId}`, { as: acme.admin })).status).toBe(404)
      expect((await acme.events())[0]).toMatchObject({
        action: 'invitation.withdrawn',
        target: { kind: 'invitation', id: first.id, name: first.email },
        before: { email: first.email, account: first.accountId },
      })
      expect((await inviteOne(acme, first.email)).accountId).not.toBe(first.accountId)
    })

    test('404: a foreign invitation, an absent one and one that was accepted are alike', async () => {
      const globex = await app.newOrganization('Globex')
      const foreign = await inviteOne(globex)
      const used = await inviteOne()
      await accept(used.secret, { name: 'Mia', password })
      for (const id of [foreign.id, used.id, 'inv_01h455vb4pex5vsknk084sn02q', 'x']) {
        const answers = [
          await app.call('POST', `${acme.path}/invitations/${id}/resend`, { as: acme.admin }),
          await app.call('DELETE', `${acme.path}/invitations/${id}`, { as: acme.admin }),
        ]
        for (const it of answers) expect(it).toMatchObject({ status: 404, body: { detail: 'Not found' } })
      }
      expect((await look(foreign.secret)).status).toBe(200)
    })
  })
})

describeOnBoth('invitations by mail', (open) => {
  test('201: the link leaves by mail alone', async () => {
    const app = await harness(await open(), { mail: true })
    const acme = await app.newOrganization('Acme <b>& Sons</b>')
    const email = app.newEmail()
    const { body } = await app.call('POST', `${acme.path}/invitations`, {
      as: acme.admin,
      body: { emails: [email], role: 'member' },
    })
    expect(body.invitations[0]).not.toHaveProperty('acceptUrl')
    expect(body.invitations[0].mail).toMatchObject({ state: 'sent', attempts: 1, error: null })
    const [mail] = app.sent
    expect(mail).toMatchObject({ to: email, subject: 'Join Acme <b>& Sons</b> on AI Hub' })
    expect(mail?.html).not.toContain('<b>&')
    const [, secret] = /http:\/\/localhost:3000\/invitations\/([\w-]{43})/.exec(mail?.text ?? '') ?? []
    expect((await app.call('GET', `/api/v1/invitations/${secret}`)).body.email).toBe(email)

    await app.call('POST', `${acme.path}/invitations/${body.invitations[0].id}/resend`, { as: acme.admin })
    expect(app.sent).toHaveLength(2)
    expect(app.sent[1]?.text).not.toContain(secret)
    const [resent] = await acme.events('?action=invitation.resent')
    expect(resent).toMatchObject({ target: { name: email } })
  })
})
