import { type AddressInfo, createServer, type Socket } from 'node:net'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { type Harness, harness, password } from '../../test/harness.ts'
import { startSmtpServer } from '../../test/smtp.ts'
import type { Mail, Outbox } from '../kernel/deps.ts'
import { createOutbox } from './outbox.ts'
import { maxMailAttempts } from './rules.ts'

const log = pino({ level: 'silent' })
const hourMs = 60 * 60 * 1000

/** An outbox that keeps what it is given, and fails as long as it is told to. */
function createTestOutbox() {
  const attempted: Mail[] = []
  const outbox = {
    configured: true,
    attempted,
    error: undefined as object | undefined,
    send: async (mail: Mail) => {
      attempted.push(mail)
      if (outbox.error) throw outbox.error
    },
  }
  return outbox
}
const unreachable = { code: 'ECONNECTION' }

async function listen(server: { listen: (port: number, host: string, done: () => void) => unknown }) {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
}

/** An SMTP server that accepts connections and never says a word. */
async function silentServer() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
  await listen(server)
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, close }
}

const secretIn = (mail: Mail | undefined) => /\/invitations\/([\w-]{43})/.exec(mail?.text ?? '')?.[1] ?? 'none'
const tokenIn = (mail: Mail | undefined) => /token=([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? 'none'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

const invite = async (app: Harness, acme: Organization, count = 1) => {
  const emails = Array.from({ length: count }, app.newEmail)
  const answer = await app.call('POST', `${acme.path}/invitations`, {
    as: acme.admin,
    body: { emails, role: 'member' },
  })
  expect(answer.status).toBe(201)
  return answer.body.invitations
}

const statusOf = async (app: Harness, acme: Organization, accountId: string) =>
  (await app.call('GET', `${acme.path}/members/${accountId}`, { as: acme.admin })).body.invitation.mail

const opens = async (app: Harness, secret: string) =>
  (await app.call('GET', `/api/v1/invitations/${secret}`)).status === 200

/** Moves the clock and attempts all that is due. */
const pollLater = async (app: Harness, ms: number) => {
  app.clock.now = new Date(app.clock.now.getTime() + ms)
  await app.mailQueue.poll()
  await app.mailQueue.settle()
}

describeOnBoth('the mail queue', (open) => {
  const started: Harness[] = []
  const start = async (outbox: Outbox, clock?: { now: Date }) => {
    const app = await harness(await open(), { mail: outbox, ...(clock && { clock }) })
    started.push(app)
    return app
  }
  // The tests share a database, and so a queue.
  afterEach(async () => {
    await Promise.all(started.splice(0).map((app) => app.mailQueue.close()))
    await (await open()).owner.deleteFrom('mails').execute()
  })

  test('a mail server that accepts and stays silent: 20 people are invited all the same, and each mail is pending', async () => {
    const silent = await silentServer()
    const app = await start(createOutbox({ url: silent.url, from: 'p@example.com' }, log))
    const acme = await app.newOrganization()
    const invitations = await invite(app, acme, 20)
    // No attempt has ended, so the answer did not wait for a timeout of the transport.
    expect(silent.sockets.size).toBeGreaterThan(0)
    for (const { mail, acceptUrl } of invitations) {
      expect(mail).toMatchObject({ state: 'pending', error: null })
      expect(acceptUrl).toBeUndefined()
    }
    const { items } = (await app.call('GET', `${acme.path}/members?status=invited`, { as: acme.admin })).body
    expect(items.map((member: { invitation: object }) => member.invitation)).toMatchObject(
      Array(20).fill({ mail: { state: 'pending' } }),
    )
    silent.close()
    await app.mailQueue.settle()
    expect((await statusOf(app, acme, invitations[0].accountId)).error).toMatch(/^E[A-Z]+$/)
  })

  test('a mail that fails is tried again with another link, and the link before opens nothing', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const acme = await app.newOrganization()
    outbox.error = unreachable
    const [invitation] = await invite(app, acme)
    expect(invitation).not.toHaveProperty('acceptUrl')
    expect(invitation.mail).toEqual({
      state: 'pending',
      attempts: 1,
      at: new Date(app.clock.now.getTime() + 30_000).toISOString(),
      error: 'ECONNECTION',
    })
    await pollLater(app, 29_000)
    expect(outbox.attempted).toHaveLength(1)
    outbox.error = undefined
    await pollLater(app, 2000)
    expect(await statusOf(app, acme, invitation.accountId)).toEqual({
      state: 'sent',
      attempts: 2,
      at: app.clock.now.toISOString(),
      error: null,
    })
    const [first, second] = outbox.attempted.map(secretIn)
    expect(await opens(app, first ?? '')).toBe(false)
    expect(await opens(app, second ?? '')).toBe(true)
    const { owner } = await open()
    const channel = await owner.selectFrom('invitations').select('secret_channel').where('id', '=', invitation.id)
    expect(await channel.execute()).toEqual([{ secret_channel: 'mail' }])
    const rows = JSON.stringify(await owner.selectFrom('mails').selectAll().execute())
    for (const secret of [first, second]) expect(rows).not.toContain(secret)
    expect(await app.metrics.registry.getSingleMetricAsString('portcullis_mails_total')).toContain(
      'portcullis_mails_total{kind="invitation",result="retried"} 1',
    )
  })

  test('attempts are bounded, and what failed is sent by a resend', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const acme = await app.newOrganization()
    outbox.error = unreachable
    const [invitation] = await invite(app, acme)
    for (let i = 0; i < 3 * maxMailAttempts; i += 1) await pollLater(app, 9 * hourMs)
    const status = await statusOf(app, acme, invitation.accountId)
    expect(status).toMatchObject({ state: 'failed' })
    expect(outbox.attempted.length).toBeLessThanOrEqual(maxMailAttempts)
    outbox.error = undefined
    app.clock.now = new Date(app.clock.now.getTime() - 20 * hourMs)
    const resent = await app.call('POST', `${acme.path}/invitations/${invitation.id}/resend`, { as: acme.admin })
    expect(resent).toMatchObject({ status: 200, body: { mail: { state: 'sent', attempts: 1, error: null } } })
    expect(await opens(app, secretIn(outbox.attempted.at(-1)))).toBe(true)
  })

  test('an address that the mail server refuses for good is not tried again', async () => {
    const smtp = await startSmtpServer()
    const app = await start(createOutbox({ url: smtp.url, from: 'p@example.com' }, log))
    const acme = await app.newOrganization()
    const answer = await app.call('POST', `${acme.path}/invitations`, {
      as: acme.admin,
      body: { emails: [`refused.${app.newEmail()}`], role: 'member' },
    })
    expect(answer.body.invitations[0].mail).toMatchObject({ state: 'failed', attempts: 1, error: '550' })
    smtp.close()
  })

  test('a process that stops between commit and send: another one sends after the lease, and the first changes nothing', async () => {
    const frozen = Promise.withResolvers<void>()
    const attempted: Mail[] = []
    const first = await start({
      configured: true,
      send: (mail) => {
        attempted.push(mail)
        return frozen.promise
      },
    })
    const outbox = createTestOutbox()
    const second = await start(outbox, first.clock)
    const acme = await first.newOrganization()
    const [invitation] = await invite(first, acme)
    expect(invitation.mail).toMatchObject({ state: 'pending', attempts: 1 })
    await pollLater(second, 59_000)
    expect(outbox.attempted).toEqual([])
    await pollLater(second, 2000)
    expect(outbox.attempted).toHaveLength(1)
    frozen.reject(unreachable)
    await first.mailQueue.settle()
    expect(await statusOf(second, acme, invitation.accountId)).toMatchObject({ state: 'sent', attempts: 2 })
    expect(await opens(second, secretIn(attempted[0]))).toBe(false)
    expect(await opens(second, secretIn(outbox.attempted[0]))).toBe(true)
  })

  test('two processes at once send each mail once', async () => {
    const [outbox, other] = [createTestOutbox(), createTestOutbox()]
    const first = await start(outbox)
    const second = await start(other, first.clock)
    const acme = await first.newOrganization()
    outbox.error = unreachable
    other.error = unreachable
    const invitations: { email: string }[] = await invite(first, acme, 30)
    await first.mailQueue.settle()
    for (const one of [outbox, other]) Object.assign(one, { error: undefined }).attempted.length = 0
    first.clock.now = new Date(first.clock.now.getTime() + 60_000)
    await Promise.all([first.mailQueue.poll(), second.mailQueue.poll()])
    await Promise.all([first.mailQueue.settle(), second.mailQueue.settle()])
    const recipients = [...outbox.attempted, ...other.attempted].map(({ to }) => to)
    expect(recipients.toSorted()).toEqual(invitations.map(({ email }) => email).toSorted())
  })

  test('200: a link is shown on request: it is new, the mailed one is void, and what is pending does not leave', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const acme = await app.newOrganization()
    const [sent] = await invite(app, acme)
    outbox.error = unreachable
    const [pending] = await invite(app, acme)
    outbox.error = undefined
    const links = []
    for (const { id, accountId } of [sent, pending]) {
      const answer = await app.call('POST', `${acme.path}/invitations/${id}/link`, { as: acme.admin })
      expect(answer).toMatchObject({ status: 200, body: { expiresAt: expect.any(String) } })
      links.push(new URL(answer.body.acceptUrl).pathname.split('/').at(-1) ?? '')
      expect(await statusOf(app, acme, accountId)).toBeNull()
    }
    await pollLater(app, hourMs)
    expect(outbox.attempted).toHaveLength(2)
    for (const secret of outbox.attempted.map(secretIn)) expect(await opens(app, secret)).toBe(false)
    for (const secret of links) expect(await opens(app, secret)).toBe(true)
    const { owner } = await open()
    const channels = owner.selectFrom('invitations').select('secret_channel').where('id', 'in', [sent.id, pending.id])
    expect(await channels.execute()).toEqual([{ secret_channel: 'shown' }, { secret_channel: 'shown' }])
    expect(await acme.events('?action=invitation.link_shown')).toMatchObject([
      { target: { kind: 'invitation', id: pending.id, name: pending.email } },
      { target: { kind: 'invitation', id: sent.id } },
    ])
    const events = JSON.stringify(await acme.events())
    for (const secret of links) expect(events).not.toContain(secret)
  })

  test('a mail is obsolete once its invitation was withdrawn, accepted or has expired', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const acme = await app.newOrganization()
    const [accepted] = await invite(app, acme)
    const secret = secretIn(outbox.attempted[0])
    outbox.error = unreachable
    const [withdrawn] = await invite(app, acme)
    await app.call('POST', `${acme.path}/invitations/${accepted.id}/resend`, { as: acme.admin })
    expect(await opens(app, secret)).toBe(false)
    const resent = secretIn(outbox.attempted.at(-1))
    const joined = await app.call('POST', `/api/v1/invitations/${resent}/accept`, { body: { name: 'Mia', password } })
    expect(joined.status).toBe(200)
    await app.call('DELETE', `${acme.path}/invitations/${withdrawn.id}`, { as: acme.admin })
    const before = outbox.attempted.length
    await pollLater(app, hourMs)
    expect(outbox.attempted).toHaveLength(before)
    const { owner } = await open()
    const left = owner.selectFrom('mails').select('id').where('organization_id', '=', acme.id)
    expect(await left.execute()).toEqual([])
  })

  test('a link to a new password is made at each attempt, and the one before opens nothing', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const { admin } = await app.newOrganization()
    outbox.error = unreachable
    await app.call('POST', '/api/auth/request-password-reset', {
      body: { email: admin.email, redirectTo: '/reset-password' },
    })
    await app.signIn.settled()
    outbox.error = undefined
    await pollLater(app, 60_000)
    expect(outbox.attempted.map(({ to }) => to)).toEqual([admin.email, admin.email])
    const [first, second] = outbox.attempted.map(tokenIn)
    expect(first).not.toBe(second)
    const reset = (token = '') =>
      app.call('POST', '/api/auth/reset-password', { body: { token, newPassword: 'a fresh and good password' } })
    expect(await reset(first)).toMatchObject({ status: 400, body: { code: 'INVALID_TOKEN' } })
    expect((await reset(second)).status).toBe(200)
    await app.signIn.settled()
    expect(outbox.attempted.at(-1)?.text).toContain('Your password was reset')
  })

  test('a queue that could not be read is read at the next poll', async () => {
    const outbox = createTestOutbox()
    const app = await start(outbox)
    const acme = await app.newOrganization()
    outbox.error = unreachable
    await invite(app, acme)
    outbox.error = undefined
    expect(app.mailQueue.pendingMails()).toBe(0)
    await app.mailQueue.poll()
    expect(app.mailQueue.pendingMails()).toBeGreaterThan(0)
  })
})
