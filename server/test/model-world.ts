import { expect } from 'vitest'
import type { TestDatabase } from './databases.ts'
import { type As, type Harness, harness } from './harness.ts'
import { type Listening, listen } from './listen.ts'
import {
  actingRole,
  cutOff,
  externalReasonFor,
  type Model,
  type ModelCredential,
  makingRefused,
  reasonFor,
  stateOf,
} from './model.ts'
import { type Answer, bothKeys, modelOrganization } from './model-organization.ts'
import { people, type Step } from './model-steps.ts'

const dayMs = 24 * 60 * 60 * 1000

export const allowedJwksHosts = ['127.0.0.1']

/** How a place where tokens are presented decides about one. */
export type Judge = (token: string) => Promise<{ active: boolean; reason?: string }>

/** Further places that obey the same truth: processes that take requests in turn with the first, and whoever else decides. */
export interface Others {
  servers: Listening[]
  judges: Judge[]
  /** Resolves once everybody has heard of all that was answered so far. */
  settled: () => Promise<void>
  close: () => Promise<void>
}

/** The real thing and the model side by side, for one organization; a sequence begins with everybody back and the setting at `all`. */
export async function world(database: TestDatabase, others?: (first: Harness, server: Listening) => Promise<Others>) {
  const it = await harness(database, { allowedJwksHosts })
  const server = await listen(it)
  const more = await others?.(it, server)
  const servers = [server, ...(more?.servers ?? [])]
  const org = await modelOrganization(it, servers)
  const { idp, roles, persons, groupIds, ids, mappings, ask, resource, changeRole, save, map, provide, publish } = org

  let model: Model
  let tokenIds: string[] = []
  let secrets: string[] = []
  /** The external tokens' texts. */
  let externals: string[] = []

  const reset = async () => {
    for (const [i, was] of model?.accounts.entries() ?? []) {
      if (was.removed) await org.rejoin(i)
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

  const credentials = (): (ModelCredential & { as: As })[] => [
    ...persons.flatMap((person, i) =>
      model.accounts[i]!.removed
        ? []
        : [{ account: i, token: undefined, expiresOn: null, role: model.accounts[i]!.role, as: person as As }],
    ),
    ...model.secrets.flatMap((secret, i) => {
      if (reasonFor(model, secret) !== undefined) return []
      const { owner, expiresOn } = model.tokens[secret.token]!
      return [
        {
          account: owner,
          token: secret.token,
          expiresOn,
          role: model.accounts[owner]!.role,
          as: { token: secrets[i]! },
        },
      ]
    }),
    ...model.externals.flatMap((token, i) => {
      const role = actingRole(model, token)
      if (externalReasonFor(model, token) !== undefined || role === undefined) return []
      const { subject, expiresOn } = token
      return [{ account: subject, token: undefined, expiresOn, role, as: { token: externals[i]! } }]
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

  const reasons = async (judge: Judge) => {
    const decided = await Promise.all([...secrets, ...externals].map(judge))
    return decided.map((answer) => (answer.active ? undefined : answer.reason))
  }

  /** Every secret that was ever given out, and every token that is listed, is what the model says: everywhere. */
  const compare = async () => {
    const expected = [
      ...model.secrets.map((secret) => reasonFor(model, secret)),
      ...model.externals.map((token) => externalReasonFor(model, token)),
    ]
    // P11: at once where it was answered, and everywhere once the word has gone round.
    expect(await reasons(org.lastAsked().introspect)).toEqual(expected)
    await more?.settled()
    for (const judge of [...servers.map((one) => one.introspect), ...(more?.judges ?? [])].slice(more ? 0 : 1))
      expect(await reasons(judge)).toEqual(expected)
    const listed = (await ask('GET', '/tokens?limit=200', org.admin)).body.items as { id: string; state: string }[]
    const states = new Map(listed.map((token) => [token.id, token.state]))
    expect(tokenIds.map((id) => states.get(id))).toEqual(model.tokens.map((token) => stateOf(model, token)))
  }

  return {
    reset,
    compare,
    run: (one: Step) => (steps[one.kind] as (it: Step) => Promise<void>)(one),
    close: async () => {
      await more?.close()
      await idp.close()
      await server.close()
    },
  }
}
