import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** An SMTP server that accepts mail for everybody but `refused@…`, and never answers to mail for `silent@…`. */
export async function startSmtpServer() {
  const recipients: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      recipients.push(address)
      if (address.startsWith('refused')) return done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
      if (!address.startsWith('silent')) done()
    },
    onData: (stream, _session, done) => {
      stream.resume()
      stream.on('end', () => done())
    },
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.server.address() as AddressInfo
  return { url: `smtp://127.0.0.1:${port}`, recipients, close: () => void server.close() }
}
