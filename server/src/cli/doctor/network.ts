import { createTransport } from 'nodemailer'
import type { Settings } from '../../config.ts'
import { doubt, type Finding, fault, fine, reasonOf } from './finding.ts'

const patienceMs = 5000

/** An address to reach a listener by: what listens everywhere listens here too. */
function listenerUrl({ host, port }: Settings, path: string): string {
  const here = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${here.includes(':') ? `[${here}]` : here}:${port}${path}`
}

export async function judgeServer(settings: Settings): Promise<Finding> {
  const at = `${settings.host}:${settings.port}`
  try {
    const reply = await fetch(listenerUrl(settings, '/readyz'), { signal: AbortSignal.timeout(patienceMs) })
    const text = (await reply.text()).slice(0, 300)
    if (reply.status === 200) return fine('Server', `ready on ${at}`)
    if (reply.status === 503)
      return fault('Server', `runs on ${at} and is not ready: ${text}`, 'Look at what it waits for.')
    return fault('Server', `something else answers on ${at}.`, 'Set PORT to a free port, or stop the other program.')
  } catch (error) {
    const cause = (error as { cause?: NodeJS.ErrnoException }).cause
    if (cause?.code === 'ECONNREFUSED') {
      return doubt('Server', `does not run: nothing listens on ${at}.`, 'Start it with `portcullis start`.')
    }
    const mend = 'Look into its log; if it hangs, stop and start it.'
    return fault('Server', `does not answer on ${at}: ${reasonOf(cause ?? error)}.`, mend)
  }
}

/** Sends no trace at all, which a collector takes as it takes others; its own credentials may be missing here. */
export async function judgeTraces(settings: Settings): Promise<Finding> {
  if (!settings.traces) return fine('Traces', 'not configured')
  const { host } = new URL(settings.traces.collector)
  const mend = 'Check OTEL_EXPORTER_OTLP_ENDPOINT. Nothing but traces is lost meanwhile.'
  try {
    const reply = await fetch(settings.traces.collector, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"resourceSpans":[]}',
      signal: AbortSignal.timeout(patienceMs),
    })
    if (reply.ok || [401, 403].includes(reply.status)) return fine('Traces', `${host} answers`)
    return doubt('Traces', `${host} answers ${reply.status} to traces.`, mend)
  } catch (error) {
    return doubt('Traces', `${host} does not answer: ${reasonOf((error as Error).cause ?? error)}.`, mend)
  }
}

/** Connects and signs in as for sending, and sends nothing. */
export async function judgeMail(settings: Settings): Promise<Finding> {
  if (!settings.mail) return fine('Mail', 'not configured: whoever invites is shown the link')
  const url = new URL(settings.mail.url)
  const transport = createTransport(
    { url: settings.mail.url, connectionTimeout: patienceMs, greetingTimeout: patienceMs, socketTimeout: patienceMs },
    { from: settings.mail.from },
  )
  try {
    await transport.verify()
    return fine('Mail', `${url.host} takes mail from us`)
  } catch (error) {
    return fault(
      'Mail',
      `${url.host} does not take mail from us: ${reasonOf(error)}.`,
      'Check SMTP_URL and its password.',
    )
  } finally {
    transport.close()
  }
}
