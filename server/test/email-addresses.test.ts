import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createOutbox } from '../src/mail/outbox.ts'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness, password } from './harness.ts'
import { freshSession, signIn } from './sign-in.ts'

// Each password that is set or checked takes scrypt its time, and a busy machine several times that.
vi.setConfig({ testTimeout: 240_000 })

interface Received {
  recipient: string
  isUtf8: boolean
  text: string
}

/** A real SMTP server that keeps what it receives. */
function createMailServer() {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { rcptTo, smtpUtf8 } = envelope as typeof envelope & { smtpUtf8?: boolean }
        const text = Buffer.concat(chunks).toString().replace(/=\r\n/g, '').replace(/=3D/g, '=')
        received.push({ recipient: rcptTo.map(({ address }) => address).join(), isUtf8: smtpUtf8 === true, text })
        done()
      })
    },
  })
  return { received, server }
}

const { received, server: mailServer } = createMailServer()
beforeAll(() => new Promise<void>((done) => void mailServer.listen(0, '127.0.0.1', done)))
afterAll(() => new Promise<void>((done) => mailServer.close(() => done())))

const urlIn = (pattern: RegExp, recipient: string) => {
  const mail = received.findLast((candidate) => candidate.recipient === recipient)
  return pattern.exec(mail?.text ?? '')?.[1] ?? `no mail to ${recipient}`
}

/** Unique, since the tests of a database share it. */
const addresses = (run: string): { typed: string; stored: string }[] => [
  { typed: `R&D.${run}@Example.com`, stored: `r&d.${run}@example.com` },
  { typed: `first/last=${run}@example.com`, stored: `first/last=${run}@example.com` },
  { typed: `!#$%&'*+-/=?^_\`{|}~${run}@example.com`, stored: `!#$%&'*+-/=?^_\`{|}~${run}@example.com` },
  { typed: `MU\u0308LLER.${run}@example.com`, stored: `müller.${run}@example.com` },
  // A domain beyond ASCII leaves as its A-label, which every mail server accepts; smtp-server shows it decoded.
  { typed: `user.${run}@BÜCHER.example`, stored: `user.${run}@bücher.example` },
  { typed: `用户${run}@例子.公司`, stored: `用户${run}@例子.公司` },
]

describeOnBoth('email addresses beyond letters and digits', (open, kind) => {
  let opened: Promise<Harness> | undefined
  const start = () => {
    const { port } = mailServer.server.address() as AddressInfo
    const outbox = createOutbox(
      { url: `smtp://127.0.0.1:${port}`, from: 'portcullis@example.com' },
      pino({ level: 'silent' }),
    )
    opened ??= open().then((database) => harness(database, { mail: outbox }))
    return opened
  }

  test.each(addresses(kind.slice(0, 3)))(
    '$stored is invited by mail, joins, signs in, and chooses a new password by mail',
    async ({ typed, stored }) => {
      const app = await start()
      const acme = await app.newOrganization()
      const invited = await app.call('POST', `${acme.path}/invitations`, {
        as: acme.admin,
        body: { emails: [typed], role: 'member' },
      })
      expect(invited).toMatchObject({
        status: 201,
        body: { invitations: [{ email: stored, mail: { state: 'sent' } }] },
      })
      // Only a mailbox name beyond ASCII needs an extension of the mail server (RFC 6531).
      const isAscii = /^[\x20-\x7e]+@/.test(stored)
      expect(received.findLast(({ recipient }) => recipient === stored)).toMatchObject({ isUtf8: !isAscii })
      const again = { emails: [stored], role: 'member' }
      expect((await app.call('POST', `${acme.path}/invitations`, { as: acme.admin, body: again })).status).toBe(422)

      const secret = urlIn(/\/invitations\/([\w-]{43})/, stored)
      expect(await app.call('GET', `/api/v1/invitations/${secret}`)).toMatchObject({ body: { email: stored } })
      const accept = { body: { name: 'Mia Member', password } }
      expect((await app.call('POST', `/api/v1/invitations/${secret}/accept`, accept)).status).toBe(200)

      const as = await freshSession(app, typed)
      expect(await app.call('GET', '/api/v1/me', { as })).toMatchObject({ body: { user: { email: stored } } })
      expect((await signIn(app, typed, 'not the password')).status).toBe(401)

      await app.call('POST', '/api/auth/request-password-reset', { body: { email: typed } })
      await app.signIn.settled()
      const token = urlIn(/reset-password\?token=([\w-]+)/, stored)
      const newPassword = 'a fresh and good password'
      expect((await app.call('POST', '/api/auth/reset-password', { body: { token, newPassword } })).status).toBe(200)
      expect((await signIn(app, stored)).status).toBe(401)
      const after = await freshSession(app, stored, newPassword)
      const found = await app.call('GET', `${acme.path}/members?search=${encodeURIComponent(stored)}`, {
        as: acme.admin,
      })
      expect((await app.call('GET', '/api/v1/me', { as: after })).status).toBe(200)
      expect(found.body.items).toMatchObject([{ email: stored }])
      await app.signIn.settled()
    },
  )

  test.each(['a@b@example.com', '"a b"@example.com', 'ada@example', 'ada\u200b@example.com', 'ａda@example.com'])(
    '422 and 400: %j is no address, at the invitation and at the sign-in alike',
    async (email) => {
      const app = await start()
      const acme = await app.newOrganization()
      const body = { emails: [email], role: 'member' }
      expect(await app.call('POST', `${acme.path}/invitations`, { as: acme.admin, body })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'emails.0', message: 'Not an email address.' }] },
      })
      expect((await signIn(app, email)).status).toBe(400)
    },
  )

  test('401 after the same work for an address that nobody has', async () => {
    const app = await start()
    expect(await signIn(app, 'nobody/müller@bücher.example')).toMatchObject({
      status: 401,
      body: { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' },
    })
  })
})
