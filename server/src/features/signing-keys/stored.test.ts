import { beforeAll, beforeEach, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { jwkOf, keys } from '../../../test/forge.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { identityProvider } from '../../../test/identity-provider.ts'
import type { KeptKeys, Keyed } from '../../db/deps.ts'
import { type StoringParts, storedKeys } from './actions.ts'
import { readKeySet } from './rules.ts'

const setOf = (...list: object[]) => {
  const set = readKeySet({ keys: list })
  if (typeof set === 'string') return expect.unreachable(set)
  return set
}
const rsa = setOf(jwkOf(keys.rsa, { kid: 'rsa', alg: 'RS256' }))
const all = setOf(...Object.values(keys).map((pair, i) => jwkOf(pair, { kid: `${i}`, use: 'sig' })))

describeOnBoth('key sets that are stored for all processes (E7)', (open) => {
  let app: Harness
  let database: TestDatabase
  let acme: Awaited<ReturnType<Harness['newOrganization']>>
  let provider: Keyed
  let failures: unknown[]
  let jwksUrl: string

  beforeAll(async () => {
    database = await open()
    app = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
    const idp = await identityProvider(() => app.clock.now)
    jwksUrl = `${idp.issuer}/none`
    return () => idp.close()
  })
  beforeEach(async () => {
    failures = []
    acme = await app.newOrganization()
    const id = await acme.newProvider({ issuer: 'https://idp.example', jwksUrl })
    provider = { id, organizationId: acme.id, jwksUrl }
    // There is nothing there: once that failure is stored, nothing but these tests writes.
    await app.deps.keys.refresh(provider)
  })

  const storing = (more: Partial<StoringParts> = {}) => {
    const { change, lookups, now } = app.deps
    return storedKeys({ change, lookups, now, failed: (it) => failures.push(it), ...more })
  }
  const kept = (set: KeptKeys['set'], seconds: number): KeptKeys => ({
    set,
    fetchedAtMs: 1_790_000_000_000 + seconds * 1000,
  })
  const load = async () => {
    const found = await storing().load(provider)
    return found === 'gone' || found === undefined ? found : [found.set.keys.map((it) => it.kid), found.fetchedAtMs]
  }
  const changes = async () => (await acme.events(`?targetId=${provider.id}&action=oauth_provider.keys_changed`)).length
  const status = async () =>
    (await app.call('GET', `${acme.path}/oauth-providers/${provider.id}`, { as: acme.admin })).body.keys

  test('a set is read as it was stored: every kind of key, by name, algorithm and thumbprint', async () => {
    expect(await storing().load(provider)).toBeUndefined()
    await storing().fetched(provider, kept(all, 0), null)
    const found = await storing().load(provider)
    if (found === undefined || found === 'gone') return expect.unreachable()
    const told = ({ set }: KeptKeys) => set.keys.map(({ publicKey: _, ...it }) => it)
    expect([told(found), found.fetchedAtMs, failures]).toEqual([told(kept(all, 0)), kept(all, 0).fetchedAtMs, []])
    await storing().fetched(provider, kept(rsa, 1), null)
    expect(await storing().load(provider)).toMatchObject({ set: { keys: [{ kid: 'rsa', alg: 'RS256' }] } })
    const { key_set } = await database.owner
      .selectFrom('provider_keys')
      .select('key_set')
      .where('provider_id', '=', provider.id)
      .executeTakeFirstOrThrow()
    expect(Object.keys(key_set?.keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n'])
  })

  test('what is there already changes its time alone, whatever a process remembers; so does a failure not even that', async () => {
    await storing().fetched(provider, kept(rsa, 0), null)
    await storing().fetched(provider, kept(rsa, 5), 'Keys left out: 1.')
    expect([await load(), await changes()]).toEqual([[['rsa'], kept(rsa, 5).fetchedAtMs], 1])
    expect(await status()).toMatchObject({ count: 1, lastError: 'Keys left out: 1.' })
    await storing().fetched(provider, undefined, 'Away.')
    expect([await load(), await changes()]).toEqual([[['rsa'], kept(rsa, 5).fetchedAtMs], 1])
    expect(await status()).toMatchObject({ count: 1, lastError: 'Away.' })
    await storing().fetched(provider, kept(rsa, 2), null)
    expect([await load(), failures]).toEqual([[['rsa'], kept(rsa, 5).fetchedAtMs], []])
  })

  test('a set that was asked for earlier than the stored one does not come back', async () => {
    await storing().fetched(provider, kept(all, 5), null)
    await storing().fetched(provider, kept(rsa, 4), null)
    expect([await load(), await changes()]).toEqual([[all.keys.map((it) => it.kid), kept(all, 5).fetchedAtMs], 1])
    await storing().fetched(provider, kept(rsa, 6), null)
    expect([(await load())?.[0], await changes(), failures]).toEqual([['rsa'], 2, []])
  })

  test('processes that fetch the same set at once tell of one change', async () => {
    await Promise.all([0, 1, 2].map((seconds) => storing().fetched(provider, kept(rsa, seconds), null)))
    expect([(await load())?.[0], await changes(), failures]).toEqual([['rsa'], 1, []])
  })

  test('nothing is stored for another address, or for a provider that is gone', async () => {
    const elsewhere = { ...provider, jwksUrl: 'http://127.0.0.1:2/jwks' }
    expect(await storing().load(elsewhere)).toBe('gone')
    await storing().fetched(elsewhere, kept(rsa, 0), null)
    await storing().fetched(elsewhere, undefined, 'Away.')
    expect([await load(), await changes()]).toEqual([undefined, 0])
    expect((await status()).lastError).not.toBe('Away.')
    await app.call('DELETE', `${acme.path}/oauth-providers/${provider.id}`, { as: acme.admin })
    await storing().fetched(provider, kept(rsa, 0), null)
    await storing().fetched(provider, undefined, 'Away.')
    expect([await load(), await changes(), failures]).toEqual(['gone', 0, []])
  })

  test('a database that is away is a reason for the log, and no more', async () => {
    const away = new Error('away')
    const change = () => Promise.reject(away)
    await storing({ change }).fetched(provider, kept(rsa, 0), null)
    expect([failures, await load()]).toEqual([[away], undefined])
  })
})
