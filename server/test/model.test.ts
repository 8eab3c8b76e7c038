import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DatabaseKind, describeOnBoth, type TestDatabase } from './databases.ts'
import { type As, harness } from './harness.ts'
import { identityProvider, signers } from './identity-provider.ts'
import { listen } from './listen.ts'
import {
  actingRole,
  cutOff,
  externalReasonFor,
  type Model,
  type ModelCredential,
  type ModelSetting,
  makingRefused,
  reasonFor,
  stateOf,
} from './model.ts'

/** Sequences per database; a night's run sets more. */
const runs = Number(process.env.PORTCULLIS_MODEL_RUNS ?? 1000)
const dayMs = 24 * 60 * 60 * 1000
const people = 3
const services = 2
const groupCount = 3

const account = fc.nat(people + services - 1)
const any = fc.nat(1000)
const days = fc.constantFrom(null, 0, 1, 7, 30)
const groups = fc.subarray([0, 1, 2])
const setting = fc.oneof(
  fc.record({ creation: fc.constantFrom('all' as const, 'none' as const), groups, suspendOutside: fc.boolean() }),
  fc.record({
    creation: fc.constant('groups' as const),
    groups: fc.subarray([0, 1, 2], { minLength: 1 }),
    suspendOutside: fc.boolean(),
  }),
)
const role = fc.constantFrom('admin' as const, 'member' as const)

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('create' as const), by: any, owner: account, days }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('refresh' as const), by: any, token: any, days }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), by: any, token: any }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.constantFrom(1, 3, 10, 40) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), by: any, setting }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      account,
      group: fc.nat(groupCount - 1),
      isIn: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('role' as const), account, role }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), account }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('issue' as const),
      subject: account,
      key: fc.nat(1),
      days: fc.constantFrom(1, 5, 30),
      scope: fc.constantFrom(undefined, 'admin' as const, 'member' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('map' as const), account, isMapped: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('provide' as const), enabled: fc.boolean(), requiresScope: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish' as const), keys: fc.subarray([0, 1]) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with the model's.
  body: any
}

/** The real thing and the model side by side, for one organization; a sequence begins with everybody back and the setting at `all`. */
async function world(database: TestDatabase) {
  const it = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
  const server = await listen(it)
  const org = await it.newOrganization()
  const idp = await identityProvider(() => it.clock.now)
  const bothKeys = [signers.first, signers.second] as const
  const registered = await org.newProvider(idp, { maxLifetime: 365 * 24 * 60 * 60, clockTolerance: 0 })
  const { roles } = (await it.call('GET', org.path, { as: org.admin })).body as {
    roles: { id: string; name: string }[]
  }
  const persons = await Promise.all(Array.from({ length: people }, () => org.newMember()))
  const groupIds = [await org.newGroup(), await org.newGroup(), await org.newGroup()]
  const ids: string[] = persons.map((person) => person.accountId)
  for (let i = 0; i < services; i += 1) ids.push(await org.newServiceAccount())

  let model: Model
  let tokenIds: string[] = []
  let secrets: string[] = []
  /** The mappings' ids by account, and the external tokens' texts. */
  const mappings = new Map<number, string>()
  let externals: string[] = []

  const ask = (method: string, path: string, as: As, body?: unknown, headers = {}): Promise<Answer> =>
    server.call(method, `${org.path}${path}`, { as, body, headers })

  const rejoin = async (i: number) => {
    if (i >= people) {
      ids[i] = await org.newServiceAccount()
      return
    }
    const person = persons[i]!
    const invited = await ask('POST', '/invitations', org.admin, { emails: [person.email], role: 'member' })
    const { accountId, acceptUrl } = invited.body.invitations[0]
    const secret = acceptUrl.split('/').at(-1)
    const accepted = await server.call('POST', `/api/v1/invitations/${secret}/accept`, { as: person, body: {} })
    expect(accepted.status).toBe(200)
    ids[i] = accountId
  }

  const reset = async () => {
    for (const [i, was] of model?.accounts.entries() ?? []) {
      if (was.removed) await rejoin(i)
      else {
        for (const group of was.groups) await ask('DELETE', `/groups/${groupIds[group]}/members/${ids[i]}`, org.admin)
        if (was.role === 'admin') await changeRole(i, 'member')
      }
    }
    await save(org.admin, { creation: 'all', groups: [], suspendOutside: false })
    for (const i of mappings.keys()) await map(i, false)
    if (model && (!model.provider.enabled || model.provider.requiresScope))
      await provide({ enabled: true, requiresScope: false })
    if (!model || model.provider.keys.size < 2) await publish([0, 1])
    const fresh = (i: number) => ({
      kind: i < people ? ('member' as const) : ('service_account' as const),
      role: 'member' as const,
      groups: new Set<number>(),
      removed: false,
    })
    model = {
      today: 0,
      setting: { creation: 'all', groups: [], suspendOutside: false },
      accounts: ids.map((_, i) => fresh(i)),
      tokens: [],
      secrets: [],
      provider: { enabled: true, requiresScope: false, keys: new Set([0, 1]), mapped: new Set() },
      externals: [],
    }
    tokenIds = []
    secrets = []
    externals = []
    start = it.clock.now.getTime()
  }
  let start = 0
  const at = (day: number | null) => (day === null ? null : new Date(start + day * dayMs).toISOString())
  const resource = (i: number) => (i < people ? 'members' : 'service-accounts')
  const changeRole = (i: number, to: 'admin' | 'member') =>
    ask('PATCH', `/${resource(i)}/${ids[i]}`, org.admin, { role: to })

  const save = async (as: As, wanted: ModelSetting) => {
    const { version } = (await ask('GET', '/settings', org.admin)).body
    const apiTokens = {
      creation: wanted.creation,
      groupIds: wanted.groups.map((g) => groupIds[g]),
      suspendOutsideGroups: wanted.suspendOutside,
    }
    return ask('PUT', '/settings', as, { apiTokens }, { 'if-match': `"${version}"` })
  }

  const map = async (i: number, isMapped: boolean) => {
    const id = mappings.get(i)
    if (isMapped) {
      const wanted = { accountId: ids[i], providerId: registered, subject: `subject ${i}` }
      const answer = await ask('POST', '/account-mappings', org.admin, wanted)
      if (answer.status === 201) mappings.set(i, answer.body.id)
      return answer
    }
    mappings.delete(i)
    return ask('DELETE', `/account-mappings/${id ?? 'map_00000000000000000000000000'}`, org.admin)
  }
  const provide = ({ enabled, requiresScope }: { enabled: boolean; requiresScope: boolean }) =>
    ask('PATCH', `/oauth-providers/${registered}`, org.admin, { enabled, requireScope: requiresScope })
  const publish = async (listed: readonly number[]): Promise<Answer> => {
    idp.state.keys = listed.map((i) => bothKeys[i]!)
    const answer = await ask('POST', `/oauth-providers/${registered}/refresh-keys`, org.admin)
    // Else the model would be compared with keys that were never fetched.
    expect(answer.body.keys).toMatchObject({ count: listed.length, lastError: null })
    return answer
  }

  /** Who can ask: members by their session, and every account by its good tokens. */
  const credentials = (): (ModelCredential & { as: As })[] => [
    ...persons.flatMap((person, i) =>
      model.accounts[i]!.removed
        ? []
        : [{ account: i, token: undefined, role: model.accounts[i]!.role, as: person as As }],
    ),
    ...model.secrets.flatMap((secret, i) => {
      if (reasonFor(model, secret) !== undefined) return []
      const { owner } = model.tokens[secret.token]!
      return [{ account: owner, token: secret.token, role: model.accounts[owner]!.role, as: { token: secrets[i]! } }]
    }),
    ...model.externals.flatMap((token, i) => {
      const role = actingRole(model, token)
      if (externalReasonFor(model, token) !== undefined || role === undefined) return []
      return [{ account: token.subject, token: undefined, role, as: { token: externals[i]! } }]
    }),
  ]

  const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)]

  const made = (answer: Answer, owner: number, expiresOn: number | null, token: number) => {
    model.tokens[token] = { owner, expiresOn, deleted: false }
    tokenIds[token] = answer.body.token.id
    model.secrets.push({ token, replaced: false })
    secrets.push(answer.body.secret)
  }

  const steps: { [K in Step['kind']]: (it: Extract<Step, { kind: K }>) => Promise<void> } = {
    async create({ by, owner, days: inDays }) {
      const asker = pick(credentials(), by)
      if (!asker) return
      const expiresOn = inDays === null ? null : model.today + inDays
      const answer = await ask('POST', '/tokens', asker.as, {
        name: 'model',
        accountId: ids[owner],
        expiresAt: at(expiresOn),
      })
      const refusal = model.accounts[owner]!.removed
        ? asker.role === 'admin'
          ? 'invalid_request'
          : 'forbidden'
        : makingRefused(model, asker, owner, expiresOn)
      expect(answer.status === 201 ? undefined : answer.body.code).toBe(refusal)
      if (refusal === undefined) made(answer, owner, expiresOn, model.tokens.length)
    },
    async refresh({ by, token: n, days: inDays }) {
      const asker = pick(credentials(), by)
      const token = pick(model.tokens, n)
      if (!asker || !token) return
      const index = model.tokens.indexOf(token)
      const expiresOn = inDays === null ? null : model.today + inDays
      const answer = await ask('POST', `/tokens/${tokenIds[index]}/refresh`, asker.as, { expiresAt: at(expiresOn) })
      const refusal = hidden(asker, token) ? 'not_found' : makingRefused(model, asker, token.owner, expiresOn)
      expect(answer.status === 200 ? undefined : answer.body.code).toBe(refusal)
      if (refusal !== undefined) return
      for (const secret of model.secrets) if (secret.token === index) secret.replaced = true
      made(answer, token.owner, expiresOn, index)
    },
    async delete({ by, token: n }) {
      const asker = pick(credentials(), by)
      const token = pick(model.tokens, n)
      if (!asker || !token) return
      const answer = await ask('DELETE', `/tokens/${tokenIds[model.tokens.indexOf(token)]}`, asker.as)
      expect(answer.status).toBe(hidden(asker, token) ? 404 : 204)
      if (!hidden(asker, token)) token.deleted = true
    },
    async wait({ days: more }) {
      model.today += more
      it.clock.now = new Date(start + model.today * dayMs)
    },
    async set({ by, setting: wanted }) {
      const admins = [{ account: -1, token: undefined, role: 'admin' as const, as: org.admin as As }, ...credentials()]
      const asker = pick(admins, by)!
      const may = asker.role === 'admin'
      const answer = await save(asker.as, wanted)
      const lockedOut = asker.token !== undefined && cutOff(wanted, model.accounts[asker.account]!)
      expect(answer.status === 200 ? undefined : answer.body.code).toBe(
        may ? (lockedOut ? 'would_lock_out' : undefined) : 'forbidden',
      )
      if (may && !lockedOut) model.setting = wanted
    },
    async group({ account: i, group, isIn }) {
      const path = `/groups/${groupIds[group]}/members/${ids[i]}`
      const { groups: inGroups, removed } = model.accounts[i]!
      const answer = await ask(isIn ? 'PUT' : 'DELETE', path, org.admin, isIn ? { role: 'member' } : undefined)
      const there = !removed && (isIn || inGroups.has(group))
      expect(answer.status).toBe(there ? (isIn ? 200 : 204) : 404)
      if (!there) return
      if (isIn) inGroups.add(group)
      else inGroups.delete(group)
    },
    async role({ account: i, role: wanted }) {
      const answer = await changeRole(i, wanted)
      expect(answer.status).toBe(model.accounts[i]!.removed ? 404 : 200)
      if (!model.accounts[i]!.removed) model.accounts[i]!.role = wanted
    },
    async remove({ account: i }) {
      const answer = await ask('DELETE', `/${resource(i)}/${ids[i]}`, org.admin)
      expect(answer.status).toBe(model.accounts[i]!.removed ? 404 : 204)
      model.accounts[i]!.removed = true
      model.accounts[i]!.groups.clear()
      model.provider.mapped.delete(i)
      mappings.delete(i)
    },
    async issue({ subject, key, days: inDays, scope }) {
      const expiresOn = model.today + inDays
      const id = roles.find((it) => it.name === scope)?.id
      const exp = (start + expiresOn * dayMs) / 1000
      const claims = { sub: `subject ${subject}`, exp, ...(id !== undefined && { scope: `openid ${id}` }) }
      externals.push(idp.token(claims, bothKeys[key]))
      model.externals.push({ subject, key, expiresOn, scope })
    },
    async map({ account: i, isMapped }) {
      const { removed } = model.accounts[i]!
      const had = model.provider.mapped.has(i)
      const answer = await map(i, isMapped)
      const refusal = isMapped ? (removed ? 422 : had ? 409 : 201) : had ? 204 : 404
      expect(answer.status).toBe(refusal)
      if (refusal === 201) model.provider.mapped.add(i)
      if (refusal === 204) model.provider.mapped.delete(i)
    },
    async provide(wanted) {
      expect((await provide(wanted)).status).toBe(200)
      model.provider.enabled = wanted.enabled
      model.provider.requiresScope = wanted.requiresScope
    },
    async publish({ keys }) {
      expect((await publish(keys)).status).toBe(200)
      model.provider.keys = new Set(keys)
    },
  }

  /** T5, O1: a token that is gone, or another's for a member. */
  const hidden = (asker: ModelCredential, token: Model['tokens'][number]) =>
    token.deleted || model.accounts[token.owner]!.removed || (asker.account !== token.owner && asker.role !== 'admin')

  /** Every secret that was ever given out, and every token that is listed, is what the model says. */
  const compare = async () => {
    const decided = await Promise.all(secrets.map((secret) => server.introspect(secret)))
    expect(decided.map((answer) => (answer.active ? undefined : answer.reason))).toEqual(
      model.secrets.map((secret) => reasonFor(model, secret)),
    )
    const foreign = await Promise.all(externals.map((token) => server.introspect(token)))
    expect(foreign.map((answer) => (answer.active ? undefined : answer.reason))).toEqual(
      model.externals.map((token) => externalReasonFor(model, token)),
    )
    const listed = (await ask('GET', '/tokens?limit=200', org.admin)).body.items as { id: string; state: string }[]
    const states = new Map(listed.map((token) => [token.id, token.state]))
    expect(tokenIds.map((id) => states.get(id))).toEqual(model.tokens.map((token) => stateOf(model, token)))
  }

  return {
    reset,
    compare,
    run: (one: Step) => (steps[one.kind] as (it: Step) => Promise<void>)(one),
    close: async () => {
      await idp.close()
      await server.close()
    },
  }
}

describeOnBoth('random sequences against the model', (open, _kind: DatabaseKind) => {
  test(`${runs} of them`, { timeout: 20 * 60_000 }, async () => {
    const both = await world(await open())
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          for (const one of steps) {
            await both.run(one)
            await both.compare()
          }
        })
        .beforeEach(both.reset),
      { numRuns: runs, endOnFailure: false },
    )
    await both.close()
  })
})
