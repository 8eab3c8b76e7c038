import { randomBytes } from 'node:crypto'
import type { FoundToken } from '../src/db/lookups.ts'
import { buildGate } from '../src/features/access/actions.ts'
import { Memory } from '../src/features/access/store.ts'
import { buildKeyCache } from '../src/features/signing-keys/actions.ts'
import { hashOf } from '../src/features/tokens/actions.ts'
import { newSecret } from '../src/features/tokens/rules.ts'
import { resourceKeys } from '../src/http/credentials.ts'
import { gateListener } from '../src/http/gate.ts'
import { healthDoor } from '../src/http/health.ts'
import { incomingRequests } from '../src/http/incoming.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { createHttpServer, type HttpServer } from '../src/http/server.ts'
import type { Limits } from '../src/http/server-limits.ts'
import type { TokenScheme } from '../src/http/token-schemes.ts'

export const resourceKey = 'resource-key-of-the-tests-0123456789'
export const secondKey = 'another+key/of the tests & 0123456789'

export const organizationA = 'org_01jd7z0000e1a8m3r5t7v9x1z3'
export const organizationB = 'org_01jd7z0000e1a8m3r5t7v9x1z4'

/** A row as the database would give it; Ada is an admin of A in two groups. */
export const foundToken = (over: Partial<FoundToken> = {}): FoundToken => ({
  token_id: 'tok_01jd7z0000e1a8m3r5t7v9x1z3',
  organization_id: organizationA,
  account_id: 'mem_01jd7z0000e1a8m3r5t7v9x1z3',
  issued_at: new Date('2026-01-02T03:04:05.678Z'),
  expires_at: null,
  revoked: false,
  owner_removed: false,
  kind: 'member',
  role: 'admin',
  name: 'Ada "Countess" Lovelace',
  username: 'ada@example.com',
  groups: [
    { id: 'grp_01jd7z0000e1a8m3r5t7v9x1z3', name: 'Größe\u2028"Ω' },
    { id: 'grp_01jd7z0000e1a8m3r5t7v9x1z4', name: 'ops' },
  ],
  organization_role_ids: {
    admin: '6a3c0f5e-0000-4000-8000-000000000001',
    member: '6a3c0f5e-0000-4000-8000-000000000002',
  },
  creation: 'all',
  suspend_outside_groups: false,
  selected: [],
  ...over,
})

export interface GateServer {
  port: number
  server: HttpServer
  /** Makes a secret that the database knows with this row. */
  issue: (over?: Partial<FoundToken>) => string
  /** What the database does when it is asked; a rejection stands for one that is away. */
  database: { away: boolean; held?: Promise<void> }
  waitsFor: string[]
  logged: unknown[]
  /** Lets requests for /slow be answered. */
  release: () => void
}

/** The real doors, gate and server on a real socket; in place of the database stand rows by hash. */
export async function gateServer(
  options: { trustedProxies?: string[]; limits?: Partial<Limits>; tokenSchemes?: readonly TokenScheme[] } = {},
): Promise<GateServer> {
  const rows = new Map<string, FoundToken>()
  const database: GateServer['database'] = { away: false }
  const waitsFor: string[] = []
  const logged: unknown[] = []
  const held = Promise.withResolvers<void>()
  const metrics = createMetrics([])
  const knowsKey = resourceKeys([resourceKey, secondKey])
  const failed = (error: unknown) => void logged.push(error)
  const gate = buildGate({
    memory: new Memory(),
    lease: { holds: true, epoch: 0, applied: 41, mark: '0123456789ab' },
    lookups: {
      findToken: async (hash) => {
        await database.held
        if (database.away) throw new Error('the database is away')
        return rows.get(hash)
      },
      findExternal: async () => [],
      findSubjectClaims: async () => [],
    },
    keys: buildKeyCache({ fetchJson: async () => ({ ok: false, code: 'unreachable' }), now: Date.now }),
    now: () => Date.parse('2026-06-01T00:00:00Z'),
    used: () => undefined,
    decided: metrics.decided,
    failed,
  })
  const instance = { publicUrl: 'https://portcullis.example', productName: 'AI Hub' }
  const server: HttpServer = createHttpServer({
    doors: [
      gateListener({ gate, count: metrics.count, verified: metrics.verified, failed }, knowsKey, options.tokenSchemes),
      healthDoor(
        {
          waitsFor: () => (server.stopping ? ['the end of this process'] : waitsFor),
          registry: metrics.registry,
          knowsKey,
          instance,
        },
        failed,
      ),
    ],
    router: async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/slow') await held.promise
      if (pathname === '/body') return Response.json({ bytes: (await request.arrayBuffer()).byteLength })
      if (pathname === '/large') return new Response('x'.repeat(1024 * 1024))
      // The adapter reads one of node's two views of the headers when it is asked for one, and the other for all.
      const forwardedFor = request.headers.get('x-forwarded-for')
      return Response.json({ forwardedFor, headers: Object.fromEntries(request.headers) }, { status: 404 })
    },
    incoming: incomingRequests(options.trustedProxies ?? []),
    metrics,
    log: { info: (facts: unknown) => void logged.push(facts), error: failed },
    https: true,
    ...(options.limits && { limits: options.limits }),
  })
  const port = await server.listen(0, '127.0.0.1')
  const issue = (over: Partial<FoundToken> = {}) => {
    const row = foundToken(over)
    const secret = newSecret(row.kind, (size) => randomBytes(size))
    rows.set(hashOf(secret), row)
    return secret
  }
  return { port, server, issue, database, waitsFor, logged, release: held.resolve }
}
