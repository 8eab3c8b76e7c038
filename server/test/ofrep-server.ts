import { randomBytes } from 'node:crypto'
import type { FoundToken, Membership } from '../src/db/lookups.ts'
import { buildGate } from '../src/features/access/actions.ts'
import { Memory } from '../src/features/access/store.ts'
import type { Catalogue, Feature } from '../src/features/catalogue/rules.ts'
import { buildEvaluations } from '../src/features/evaluation/actions.ts'
import { buildPreviews } from '../src/features/previews/actions.ts'
import { buildKeyCache } from '../src/features/signing-keys/actions.ts'
import { hashOf } from '../src/features/tokens/actions.ts'
import { newSecret } from '../src/features/tokens/rules.ts'
import { resourceKeys } from '../src/http/credentials.ts'
import { incomingRequests } from '../src/http/incoming.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { ofrepDoor } from '../src/http/ofrep.ts'
import { buildStreams, type StreamBounds } from '../src/http/ofrep-stream.ts'
import { createHttpServer } from '../src/http/server.ts'
import type { TokenScheme } from '../src/http/token-schemes.ts'
import { foundToken, organizationA, organizationB, resourceKey } from './gate-server.ts'

export const preview = (key: string, over: Partial<Feature> = {}): Feature => ({
  key,
  name: `The ${key}`,
  description: '',
  stage: 'public_preview',
  documentationUrl: null,
  feedbackUrl: null,
  since: null,
  plannedEnd: null,
  requires: [],
  organizations: [],
  ...over,
})

export type OfrepServer = Awaited<ReturnType<typeof ofrepServer>>

/** The real doors of OFREP on a real socket: A (slug `a-slug`) chose `dark-mode`, B nothing; in place of the database stand rows. */
export async function ofrepServer(bounds: Partial<StreamBounds> = {}, tokenSchemes: readonly TokenScheme[] = []) {
  const catalogue: { now: Catalogue } = {
    now: {
      number: 5,
      features: [
        preview('dark-mode', { documentationUrl: 'https://docs.example/dark', since: '2026-01-02' }),
        preview('left-out', { name: 'Größe “links” 😀' }),
        preview('only-b', { stage: 'private_preview', organizations: [organizationB] }),
        preview('for-all', { stage: 'general_availability' }),
        preview('gone', { stage: 'withdrawn' }),
      ],
    },
  }
  const choices = new Map([
    [organizationA, { slug: 'a-slug', version: 2, chosen: ['dark-mode'] }],
    [organizationB, { slug: 'b-slug', version: 0, chosen: [] as string[] }],
  ])
  const tokens = new Map<string, FoundToken>()
  const sessions = new Map<string, Membership[]>()
  const database = { away: false, asked: 0 }
  const lease = { holds: true, epoch: 0, applied: 1, mark: '0123456789ab' }
  const clock = { nowMs: Date.parse('2026-11-24T10:20:00Z') }
  const logged: unknown[] = []
  const now = () => clock.nowMs
  const reach = () => {
    database.asked += 1
    if (database.away) throw new Error('the database is away')
  }
  const failed = (error: unknown) => void logged.push(error)
  const metrics = createMetrics([])
  const gate = buildGate({
    memory: new Memory(),
    lease,
    lookups: {
      findToken: async (hash) => {
        reach()
        return tokens.get(hash)
      },
      findExternal: async () => [],
      findSubjectClaims: async () => [],
    },
    keys: buildKeyCache({ fetchJson: async () => ({ ok: false, code: 'unreachable' }), now: Date.now }),
    now,
    used: () => undefined,
    failed,
  })
  const previews = buildPreviews({
    lease,
    catalogue: () => catalogue.now,
    lookups: {
      findPreviewChoices: async (idOrSlug) => {
        reach()
        const [id, row] = [...choices].find(([it, { slug }]) => it === idOrSlug || slug === idOrSlug) ?? []
        return id === undefined || row === undefined ? undefined : { organization_id: id, ...row }
      },
    },
  })
  const evaluations = buildEvaluations({
    catalogue: { current: () => catalogue.now },
    previews,
    secrets: ['a secret of the tests'],
    publicUrl: 'https://portcullis.example',
    now,
  })
  const count = (status: number) => metrics.evaluated('stream', status)
  const removedAccounts = new Set<string>()
  const isAccountLive = async (_organizationId: string, accountId: string) => {
    reach()
    return !removedAccounts.has(accountId)
  }
  const streams = buildStreams({ evaluations, isAccountLive, now, count, failed, bounds })
  previews.onChange(streams.changed)
  const server = createHttpServer({
    doors: [
      ofrepDoor({
        knowsKey: resourceKeys([resourceKey]),
        gate,
        signIn: {
          carriesSession: (headers) => /session=/.test(headers.get('cookie') ?? ''),
          sessionOf: async (headers) => {
            reach()
            const userId = /session=(\w+)/.exec(headers.get('cookie') ?? '')?.[1] ?? ''
            return sessions.has(userId) ? { userId } : undefined
          },
        },
        lookups: { membershipsOf: async (userId) => sessions.get(userId) ?? [] },
        tokenSchemes,
        challenge: (error) => (error ? `Bearer error="${error.code}"` : 'Bearer'),
        evaluations,
        streams,
        count: metrics.evaluated,
        failed,
      }),
    ],
    router: () => new Response('the router', { status: 404 }),
    incoming: incomingRequests([]),
    metrics,
    log: { info: () => undefined, error: failed },
    onStop: streams.endAll,
  })
  const port = await server.listen(0, '127.0.0.1')
  const forget = (what: Parameters<typeof previews.forget>[0]) => {
    lease.epoch += 1
    previews.forget(what)
  }
  return {
    port,
    server,
    streams,
    database,
    lease,
    clock,
    logged,
    metrics,
    forget,
    /** Makes a managed token of A, or of whoever `over` says. */
    issue: (over: Partial<FoundToken> = {}) => {
      const row = foundToken(over)
      const secret = newSecret(row.kind, (size) => randomBytes(size))
      tokens.set(hashOf(secret), row)
      return secret
    },
    /** Signs a person in who belongs to these organizations; answers the cookie. */
    signIn: (...organizationIds: string[]) => {
      const userId = randomBytes(4).toString('hex')
      const rest = { organizationName: 'Acme', organizationSlug: 'acme', accountId: 'mem_1', role: 'member' } as const
      sessions.set(
        userId,
        organizationIds.map((organizationId) => ({ organizationId, ...rest })),
      )
      return `session=${userId}`
    },
    /** Saves a choice, as the feed would tell it. */
    choose: (organizationId: string, chosen: string[]) => {
      const row = choices.get(organizationId)
      if (!row) throw new Error('No such organization')
      choices.set(organizationId, { ...row, chosen, version: row.version + 1 })
      forget([{ kind: 'organization', id: organizationId }])
    },
    /** Publishes another catalogue. */
    publish: (features: readonly Feature[]) => {
      catalogue.now = { features, number: catalogue.now.number + 1 }
      streams.changed()
    },
    /** Removes an account, as the feed would report it. */
    removeAccount: (accountId: string) => {
      removedAccounts.add(accountId)
      streams.invalidate([{ kind: 'account', id: accountId }])
    },
    /** Removes an account without a word of it. */
    removeAccountSilently: (accountId: string) => void removedAccounts.add(accountId),
    remove: (organizationId: string) => {
      choices.delete(organizationId)
      forget([{ kind: 'organization', id: organizationId }])
    },
    close: async () => {
      streams.close()
      await server.stop({ announceMs: 0, deadlineMs: 1000 })
    },
  }
}
