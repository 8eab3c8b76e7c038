import { type Logger, pino } from 'pino'
import { incomingRequests } from '../src/http/incoming.ts'
import { createHttpServer } from '../src/http/server.ts'
import type { Wired } from '../src/wire.ts'
import { type As, publicUrl, resourceKey } from './harness.ts'

export type Listening = Awaited<ReturnType<typeof listen>>

/** What of the wired app answers requests. */
export type Answering = Pick<Wired, 'doors' | 'metrics' | 'endStreams'> & {
  router: { fetch: (request: Request) => Response | Promise<Response> }
}

/** The wired app behind a real socket on loopback, and a client for it. */
export async function listen(wired: Answering, port = 0, log: Logger = pino({ level: 'silent' })) {
  const server = createHttpServer({
    doors: wired.doors,
    router: (request) => wired.router.fetch(request),
    incoming: incomingRequests([]),
    metrics: wired.metrics,
    log,
    onStop: wired.endStreams,
    // Tests hold bodies back while they do other things, on machines that may be busy.
    limits: { bodyMs: 30_000 },
  })
  const url = `http://127.0.0.1:${await server.listen(port, '127.0.0.1')}`

  const call = async (
    method: string,
    path: string,
    { as, body, headers = {} }: { as?: As; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const credential: Record<string, string> =
      as === undefined
        ? {}
        : 'token' in as
          ? { authorization: `Bearer ${as.token}` }
          : { cookie: as.cookie, origin: publicUrl }
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...credential, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
  }

  return {
    url,
    call,
    introspect: async (token: string) => {
      const response = await fetch(`${url}/oauth2/introspect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${resourceKey}` },
        body: new URLSearchParams({ token }),
      })
      return (await response.json()) as { active: boolean; reason?: string; [member: string]: unknown }
    },
    close: () => server.stop({ announceMs: 0, deadlineMs: 1000 }),
  }
}
