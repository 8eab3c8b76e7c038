import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Point } from '../src/lease.ts'
import type { Forget } from '../src/memory.ts'

export const resourceKey = 'a resource key of thirty-two or more characters'

type Door = 'head' | 'changes' | 'introspect' | 'usage'

export interface Asked {
  door: Door
  headers: IncomingMessage['headers']
  query: URLSearchParams
  body: string
}

type Answer = (res: ServerResponse, asked: Asked) => void | Promise<void>

const paths: Record<string, Door> = {
  '/v1/head': 'head',
  '/v1/changes': 'changes',
  '/oauth2/introspect': 'introspect',
  '/v1/usage': 'usage',
}

const newMark = () => randomBytes(6).toString('hex')

const readBody = async (req: IncomingMessage) => {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

export const sendJson = (res: ServerResponse, body: unknown, headers: Record<string, string> = {}) => {
  res.writeHead(200, { 'content-type': 'application/json', ...headers })
  res.end(JSON.stringify(body))
}

export type ScriptedServer = Awaited<ReturnType<typeof scriptedServer>>

/**
 * A peer that speaks the protocol of verifiers over real HTTP and does what a test tells it: no part of the server, so
 * that every order of events can be had exactly.
 */
export async function scriptedServer() {
  let point: Point = { number: 7, mark: newMark() }
  const streams = new Set<ServerResponse>()
  const waiting = new Map<Door, ((asked: Asked) => void)[]>()
  const asked: Asked[] = []

  const eventOf = (at: Point, forget: readonly Forget[] | 'everything') =>
    `id: ${at.number}.${at.mark}\nevent: forget\ndata: ${JSON.stringify({ ...at, forget })}\n\n`

  const openStream = (res: ServerResponse, greeting = '') => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(`:\n\nretry: 20\n\n${greeting}`)
    streams.add(res)
    res.once('close', () => streams.delete(res))
  }

  const usual: Record<Door, Answer> = {
    head: (res) => sendJson(res, { head: point.number, mark: point.mark, ageMs: 0 }),
    changes: (res, { headers }) => {
      const isKnown = headers['last-event-id'] === `${point.number}.${point.mark}`
      openStream(res, isKnown ? '' : eventOf(point, 'everything'))
    },
    introspect: (res) => sendJson(res, { active: false, reason: 'unknown' }, it.headOf(point)),
    usage: (res, { body }) => sendJson(res, { recorded: JSON.parse(body).length }),
  }

  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '', 'http://scripted')
    const door = paths[url.pathname]
    if (!door) return void res.writeHead(404).end()
    const question: Asked = { door, headers: req.headers, query: url.searchParams, body: await readBody(req) }
    asked.push(question)
    const told = waiting.get(door) ?? []
    waiting.delete(door)
    for (const tell of told) tell(question)
    await it.answers[door](res, question)
  }

  const server = createServer((req, res) => void serve(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const it = {
    url: `http://127.0.0.1:${port}`,
    /** What each door does; a test puts its own there. */
    answers: { ...usual },
    usual,
    asked,
    streams,
    newMark,
    openStream,

    get point() {
      return point
    },

    headOf: ({ number, mark }: Point) => ({ 'x-portcullis-head': String(number), 'x-portcullis-mark': mark }),

    /** The next request at this door. */
    next: (door: Door): Promise<Asked> =>
      new Promise((resolve) => waiting.set(door, [...(waiting.get(door) ?? []), resolve])),

    count: (door: Door) => asked.filter((it) => it.door === door).length,

    /** The head goes on by one; nobody is told. */
    commit: (): Point => {
      point = { number: point.number + 1, mark: newMark() }
      return point
    },

    /** Tells the streams of a change, by itself or as if it were another. */
    tell: (forget: readonly Forget[] | 'everything', at: Point = point) => {
      for (const res of streams) res.write(eventOf(at, forget))
    },

    /** A change: committed and told. */
    change: (...forget: Forget[]): Point => {
      it.commit()
      it.tell(forget)
      return point
    },

    /** The head is another one from here on. */
    moveTo: (at: Point) => {
      point = at
    },

    cut: () => {
      for (const res of streams) res.destroy()
    },

    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return it
}
