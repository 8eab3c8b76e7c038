import { type Effort, summary, takeTurns, timesAsMany } from './compare.ts'
import { requestBytes } from './load.ts'
import { type Peer, type Portcullis, type Postgres, resourceKey, startPeer, startPortcullis } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import type { Row } from './table.ts'

const distinct = 1000

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
export const introspect = (authorization: string, path: string) => (token: string) =>
  requestBytes('POST', path, { Authorization: authorization, ...form }, `token=${encodeURIComponent(token)}`)
const forward = (token: string) => requestBytes('GET', '/forward-auth', { Authorization: `Bearer ${token}` })

const hopByHop = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding'])

/** A bare server that answers the same bytes as Portcullis does to this request. */
export async function bareTwin(port: number, path: string, init: RequestInit): Promise<Peer<{ port: number }>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init)
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !hopByHop.has(name)))
  const twin = { status: answer.status, headers, body: await answer.text() }
  return startPeer('bare.ts', { ANSWER: JSON.stringify(twin) })
}

/** Tokens whose checksum is wrong by one letter: the last, which every one of them has. */
const spoil = (secret: string) => secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')

async function peers(postgres: Postgres, portcullis: Portcullis, secret: string) {
  const authorization = `Bearer ${resourceKey}`
  const body = new URLSearchParams({ token: secret })
  return {
    bare: await bareTwin(portcullis.port, '/oauth2/introspect', { method: 'POST', headers: { authorization }, body }),
    bareForward: await bareTwin(portcullis.port, '/forward-auth', { headers: { authorization: `Bearer ${secret}` } }),
    oidc: await startPeer<{ port: number; tokens: string[]; basic: string }>('oidc-provider.ts', {
      TOKENS: String(distinct),
    }),
    betterAuth: await startPeer<{ port: number; keys: string[] }>('better-auth.ts', {
      DATABASE_URL: postgres.peerUrl,
      KEYS: String(distinct),
    }),
  }
}

/** Introspection and forward-auth from memory, beside what else could answer such a question. */
export async function gateRows(postgres: Postgres, effort: Effort): Promise<Row[]> {
  const portcullis = await startPortcullis(postgres.env)
  const secrets = await seedKnownTokens(postgres, distinct)
  const garbage = secrets.map(spoil)
  const it = await peers(postgres, portcullis, secrets[0] ?? '')
  const ours = introspect(`Bearer ${resourceKey}`, '/oauth2/introspect')
  const at = (peer: Peer<{ port: number }>, requests: Buffer[]) => ({
    port: peer.said.port,
    pid: peer.pid,
    requests,
    expectStatus: 200,
  })
  const gate = { port: portcullis.port, pid: portcullis.pid }
  const results = await takeTurns(
    {
      introspection: { ...gate, requests: secrets.map(ours), expectStatus: 200 },
      bare: at(it.bare, secrets.map(ours)),
      forwardAuth: { ...gate, requests: secrets.map(forward), expectStatus: 200 },
      bareForward: at(it.bareForward, secrets.map(forward)),
      garbage: { ...gate, requests: garbage.map(ours), expectStatus: 200 },
      oidc: at(it.oidc, it.oidc.said.tokens.map(introspect(it.oidc.said.basic, '/token/introspection'))),
      betterAuth: at(it.betterAuth, it.betterAuth.said.keys.map(introspect('', '/verify'))),
    },
    effort,
  )
  await Promise.all([portcullis.stop(), ...Object.values(it).map((peer) => peer.stop())])
  const row = (what: string, figure: number, atLeast: number, beside: string, detail: string): Row => ({
    what,
    where: 'HTTP, 32 connections; PostgreSQL',
    figure,
    unit: '×',
    mark: { atLeast },
    beside,
    detail,
  })
  const beside = (name: keyof typeof results) => `${summary(results.introspection)} beside ${summary(results[name])}`
  const as = 'introspection, 1,000 tokens in memory'
  return [
    row(as, timesAsMany(results.introspection, results.bare), 0.75, 'bare node:http, same bytes', beside('bare')),
    row(
      as,
      timesAsMany(results.introspection, results.oidc),
      6,
      'oidc-provider introspection, in memory',
      beside('oidc'),
    ),
    row(
      as,
      timesAsMany(results.introspection, results.betterAuth),
      30,
      'Better Auth verifyApiKey, PostgreSQL',
      beside('betterAuth'),
    ),
    row(
      'forward-auth, 1,000 tokens in memory',
      timesAsMany(results.forwardAuth, results.bareForward),
      0.8,
      'bare node:http, same bytes',
      `${summary(results.forwardAuth)} beside ${summary(results.bareForward)}`,
    ),
    row(
      'refusing a wrong checksum',
      timesAsMany(results.garbage, results.introspection),
      1,
      'accepting',
      `${summary(results.garbage)} beside ${summary(results.introspection)}`,
    ),
  ]
}
