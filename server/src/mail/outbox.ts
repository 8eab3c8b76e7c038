import { createTransport } from 'nodemailer'
import type { Log, Outbox } from '../kernel/deps.ts'

export interface MailSettings {
  /** `smtp://` or `smtps://`; what stands in its query are nodemailer's options. */
  url: string
  from: string
}

const isLoopback = (hostname: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/** Mail holds links that open accounts: it leaves in clear only on this machine, or where the operator says so in the URL. */
function withTls(text: string): string {
  const url = new URL(text)
  if (url.protocol === 'smtp:' && !isLoopback(url.hostname) && !url.searchParams.has('requireTLS')) {
    url.searchParams.set('requireTLS', 'true')
  }
  return url.href
}

/** No server may hold us up: seconds to connect, to greet, and between two words of it. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 }

/**
 * A hundred invitations are no hundred connections at once: a few are open, the other mails wait. Each connection carries
 * one mail, so nothing idles; and no mail is tried twice by itself, since the first try may have arrived.
 */
const fewAtATime = { pool: true, maxConnections: 3, maxMessages: 1, maxRequeues: 0 } as const

/**
 * Where mail leaves. Each mail has a connection of its own, and a server that was away is simply asked again. Without
 * settings nothing leaves, and whoever needs a link is shown it.
 */
export function createOutbox(settings: MailSettings | undefined, log: Log): Outbox {
  if (!settings) {
    return { configured: false, send: () => Promise.reject(new Error('No mail is configured.')) }
  }
  const transport = createTransport({
    url: withTls(settings.url),
    ...timeouts,
    ...fewAtATime,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    configured: true,
    send: async ({ to, subject, text, html }) => {
      try {
        // As an object, so that an address is one address and never read as a list.
        await transport.sendMail({ from: settings.from, to: { name: '', address: to }, subject, text, html })
      } catch (error) {
        const { code, responseCode, command } = error as Record<string, unknown>
        log.error({ code, responseCode, command }, 'a mail was not sent')
        throw error
      }
    },
  }
}
