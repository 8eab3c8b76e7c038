import { beforeAll, expect, test } from 'vitest'
import { routes } from '../src/routes.ts'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness } from './harness.ts'
import { type Cell, type Stage, setStage, table } from './route-table.ts'
import { freshSession } from './sign-in.ts'

const saves = routes.filter(({ method }) => method === 'put' || method === 'patch')

describeOnBoth('A1: a save of what is there already writes no event', (open) => {
  let server: Harness
  let stage: Stage
  beforeAll(async () => {
    server = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
    stage = await setStage(server)
    return () => stage.idp.close()
  })

  /** Keys are fetched in the background, whatever is saved. */
  const lastEvent = async () =>
    (await stage.org.events()).find(({ action }) => action !== 'oauth_provider.keys_changed')?.sequence
  const ask = (route: (typeof saves)[number], { path = {}, body, headers }: Cell) =>
    server.call(
      route.method.toUpperCase(),
      route.path.replace(/\{(\w+)\}/g, (_: string, name: string) => ({ org: stage.org.id, ...path })[name] ?? ''),
      { as: stage.org.admin, body, ...(headers && { headers }) },
    )
  /** The version that the route wants, as it is now. */
  const currentHeaders = async (id: string, { headers }: Cell) =>
    headers && (await table[id]?.ask?.(stage, server, 'admin'))?.headers

  /** Every field that the answer and the body of the route share, with the values of the answer. */
  const toSameValues = (body: object, answer: Record<string, unknown>) =>
    Object.fromEntries(Object.keys(body).map((field) => [field, answer[field] ?? (body as never)[field]]))

  test.each(saves.map((route) => [route.id, route] as const))('%s', async (id, route) => {
    const cell = (await table[id]?.ask?.(stage, server, 'admin')) ?? {}
    const first = await ask(route, cell)
    expect(first.status).toBe(200)
    const before = await lastEvent()
    for (const body of [
      cell.body,
      toSameValues(cell.body as object, first.body),
      route.method === 'patch' ? {} : cell.body,
    ]) {
      const headers = await currentHeaders(id, cell)
      const again = await ask(route, { ...cell, body, ...(headers && { headers }) })
      // Some bodies may not be empty; what counts is that nothing was written.
      expect([200, 422]).toContain(again.status)
      expect([id, await lastEvent()]).toEqual([id, before])
    }
    const headers = await currentHeaders(id, cell)
    expect(await ask(route, { ...cell, ...(headers && { headers }) })).toMatchObject({ status: 200 })
    expect([id, await lastEvent()]).toEqual([id, before])
  })

  test('updateOAuthProvider: the same audiences in another order', async () => {
    const id = await stage.org.newProvider(stage.idp, { audiences: ['one', 'two'] })
    const before = await lastEvent()
    const body = { audiences: ['two', 'one'], algorithms: ['ES256', 'RS256'] }
    const saved = await server.call('PATCH', `${stage.org.path}/oauth-providers/${id}`, { as: stage.org.admin, body })
    expect([saved.status, await lastEvent()]).toEqual([200, before])
  })

  test('the own name, which is saved by sign-in', async () => {
    const session = await freshSession(server, stage.member.email)
    const rename = async (name: string) => {
      const answer = await server.call('POST', '/api/auth/update-user', { as: session, body: { name } })
      await server.signIn.settled()
      return answer
    }
    expect(await rename('Mia Renamed')).toMatchObject({ status: 200 })
    const before = await lastEvent()
    for (let n = 0; n < 3; n += 1)
      expect(await rename('Mia Renamed')).toMatchObject({ status: 200, body: { status: true } })
    expect(await lastEvent()).toBe(before)
  })
})
