import { type AddressInfo, createServer, type Server } from 'node:net'
import { pino } from 'pino'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { invitationMail } from '../features/invitations/rules.ts'
import { resetLetter, securityLetter } from './letters.ts'
import { createOutbox } from './outbox.ts'

interface Received {
  from: string
  to: string[]
  raw: string
}

const servers: { close: (done?: () => void) => unknown }[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((it) => new Promise<void>((done) => void it.close(() => done()))))
})

/** A real SMTP server that keeps what it gets. */
async function mailServer(refuse = false) {
  const received: Received[] = []
  const most = { atOnce: 0 }
  let open = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onConnect: (_session, done) => {
      most.atOnce = Math.max(most.atOnce, ++open)
      done()
    },
    onClose: () => void open--,
    onRcptTo: (_address, _session, done) =>
      done(refuse ? Object.assign(new Error('no such mailbox ada@example.com'), { responseCode: 550 }) : undefined),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        })
        done()
      })
    },
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  servers.push(server)
  return { received, most, url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` }
}

const lines: string[] = []
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
const instance = { publicUrl: 'https://hub.example.com', productName: 'AI Hub' }
const hostile = 'Eve <b>x</b>"\r\nBcc: victim@example.com\r\n\r\nbody\u2028'

const headersOf = (raw: string) => raw.slice(0, raw.indexOf('\r\n\r\n'))
const decodedBodies = (raw: string) =>
  raw
    .split(/--[-_=.\w]+(?:\r\n|--)/)
    .slice(1)
    .map((part) => {
      const [head = '', ...rest] = part.split('\r\n\r\n')
      const text = rest.join('\r\n\r\n')
      if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString()
      if (!/quoted-printable/i.test(head)) return text
      const bytes = text
        .replace(/=\r\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      return Buffer.from(bytes, 'latin1').toString()
    })
    .join('\n')
    .replaceAll('\r\n', '\n')

describe('mail', () => {
  test('reaches one person, as text and HTML, with the link', async () => {
    const { received, url } = await mailServer()
    const outbox = createOutbox({ url, from: 'Portcullis <portcullis@example.com>' }, log)
    const link = `${instance.publicUrl}/reset-password?token=abc`
    await outbox.send({ to: 'ada@example.com', ...resetLetter(instance, 'Ada', link) })
    expect(received).toHaveLength(1)
    const [mail] = received
    expect(mail).toMatchObject({ from: 'portcullis@example.com', to: ['ada@example.com'] })
    expect(headersOf(mail?.raw ?? '')).toContain('Subject: Choose a new password for AI Hub')
    const bodies = decodedBodies(mail?.raw ?? '')
    expect(bodies).toContain('Hello Ada,')
    expect(bodies).toContain(`Choose a new password:\n${link}`)
    expect(bodies).toContain(`href="${link}"`)
  })

  test('no name writes a header, a recipient or HTML of its own', async () => {
    const { received, url } = await mailServer()
    const outbox = createOutbox({ url, from: 'portcullis@example.com' }, log)
    const invitation = {
      to: 'ada@example.com',
      organization: hostile,
      inviter: hostile,
      productName: hostile,
      url: `${instance.publicUrl}/invitations/abc`,
      expiresAt: new Date('2026-01-08T00:00:00Z'),
    }
    await outbox.send(invitationMail(invitation))
    await outbox.send({ to: 'ada@example.com', ...securityLetter({ ...instance, productName: hostile }, hostile, 'x') })
    await outbox.send({ to: 'ada@example.com', subject: hostile, text: 'x', html: 'x' })
    expect(received).toHaveLength(3)
    for (const { to, raw } of received) {
      expect(to).toEqual(['ada@example.com'])
      expect(headersOf(raw)).not.toMatch(/^bcc:/im)
      expect(decodedBodies(raw).split('<!doctype html>')[1] ?? '').not.toContain('<b>')
    }
  })

  test('an address stays one address, and one that is none goes nowhere', async () => {
    const { received, url } = await mailServer()
    const outbox = createOutbox({ url, from: 'portcullis@example.com' }, log)
    const mail = { subject: 's', text: 't', html: 'h' }
    for (const to of ['a@example.com, b@example.com', 'a@example.com\r\nRCPT TO:<b@example.com>']) {
      await outbox.send({ to, ...mail }).catch(() => undefined)
    }
    const reached = received.flatMap(({ to }) => to)
    expect(reached).not.toContain('b@example.com')
    expect(reached).not.toContain('a@example.com')
  })

  test('names of any script arrive as they are', async () => {
    const { received, url } = await mailServer()
    const outbox = createOutbox({ url, from: 'portcullis@example.com' }, log)
    await outbox.send({
      to: 'ada@example.com',
      ...resetLetter(instance, 'Žofie 王小明 مرحبا 🦔', 'https://x.example/'),
    })
    expect(decodedBodies(received[0]?.raw ?? '')).toContain('Hello Žofie 王小明 مرحبا 🦔,')
  })

  test('a refusal or an absent server rejects, and the log tells the reason without the address', async () => {
    const { url } = await mailServer(true)
    lines.length = 0
    const mail = { to: 'ada@example.com', subject: 's', text: 't', html: 'h' }
    await expect(createOutbox({ url, from: 'p@example.com' }, log).send(mail)).rejects.toThrow()
    await expect(createOutbox({ url: 'smtp://127.0.0.1:1', from: 'p@example.com' }, log).send(mail)).rejects.toThrow()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { responseCode: 550, msg: 'a mail was not sent' },
      { code: 'ESOCKET', msg: 'a mail was not sent' },
    ])
    expect(lines.join()).not.toContain('ada@example.com')
  })

  test('leaves the machine under TLS, or not at all: a server that offers none is refused', async () => {
    const { received, url } = await mailServer()
    // Reached by another name of this machine, it is no loopback host for us.
    const elsewhere = url.replace('127.0.0.1', '[::ffff:127.0.0.1]')
    const mail = { to: 'ada@example.com', subject: 's', text: 't', html: 'h' }
    await expect(createOutbox({ url: elsewhere, from: 'p@example.com' }, log).send(mail)).rejects.toThrow(/STARTTLS/i)
    expect(received).toEqual([])
    await createOutbox({ url: `${elsewhere}?requireTLS=false`, from: 'p@example.com' }, log).send(mail)
    expect(received).toHaveLength(1)
  })

  test('a hundred mails at once open a few connections at a time, and all arrive', async () => {
    const { received, most, url } = await mailServer()
    const outbox = createOutbox({ url, from: 'portcullis@example.com' }, log)
    const to = Array.from({ length: 100 }, (_, n) => `person${n}@example.com`)
    await Promise.all(to.map((it) => outbox.send({ to: it, subject: 's', text: 't', html: 'h' })))
    expect(received.flatMap((it) => it.to).sort()).toEqual(to.sort())
    expect(most.atOnce).toBeLessThanOrEqual(5)
  })

  test('is not configured without settings', async () => {
    const outbox = createOutbox(undefined, log)
    expect(outbox.configured).toBe(false)
    await expect(outbox.send({ to: 'a@example.com', subject: '', text: '', html: '' })).rejects.toThrow('No mail')
  })

  test('a silent server does not hold us up for ever', async () => {
    const server: Server = createServer(() => undefined)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    servers.push(server)
    const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}?greetingTimeout=50&connectionTimeout=50`
    const mail = { to: 'ada@example.com', subject: 's', text: 't', html: 'h' }
    await expect(createOutbox({ url, from: 'p@example.com' }, log).send(mail)).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
  })
})
