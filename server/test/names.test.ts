import { beforeAll, describe, expect, test } from 'vitest'
import type * as z from 'zod'
import { signInRoutes } from '../src/features/sign-in/routes.ts'
import { routes } from '../src/routes.ts'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness } from './harness.ts'

/** Every field of every body that holds a name, whatever the noun: a new route is covered by itself. */
const nameFields = [...routes, ...signInRoutes].flatMap(({ body, path }) => {
  const shape = (body as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {}
  return Object.entries(shape)
    .filter(([field]) => ['name', 'displayName', 'organization'].includes(field))
    .map(([field, schema]) => [`${path} ${field}`, schema] as const)
})

describe('names of every noun follow one schema', () => {
  test('there are fields to test', () => expect(nameFields.length).toBeGreaterThan(12))

  test.each(nameFields)('%s', (_place, schema) => {
    for (const name of ['\u200b', '\u2060', '\u3164', '\u2800', 'O\u200bps', 'a\u202eb', 'a\u0000b', 'a\nb'])
      expect([name, schema.safeParse(name).success]).toEqual([name, false])
    for (const name of ['Ops', 'Zoë & Søn', 'علی‌رضا', '👩‍🚀 crew']) expect(schema.parse(` ${name} `)).toBe(name)
  })
})

describeOnBoth('names', (open) => {
  let server: Harness
  let org: Awaited<ReturnType<Harness['newOrganization']>>
  beforeAll(async () => {
    server = await harness(await open())
    org = await server.newOrganization()
  })
  const ask = (method: string, path: string, body?: unknown) =>
    server.call(method, `${org.path}${path}`, { as: org.admin, body })

  test('422 for a service account that is named like an email address, at creation and at renaming', async () => {
    const id = await org.newServiceAccount('member', 'Deploy')
    for (const name of ['cto@globex.test', 'cto＠globex.test', 'cto﹫globex.test']) {
      const faulty = { status: 422, body: { errors: [{ path: 'name', message: expect.stringContaining('@') }] } }
      expect(await ask('POST', '/service-accounts', { name })).toMatchObject(faulty)
      expect(await ask('PATCH', `/service-accounts/${id}`, { name })).toMatchObject(faulty)
    }
  })

  test('O6: 409 for a group name that differs by what nobody sees, and a search finds the group that has it', async () => {
    const id = (await ask('POST', '/groups', { name: 'Straße Ops 日本' })).body.id
    for (const name of ['STRASSE ops 日本', 'Ｓtrasse Ops 日本', 'Straße Ops\u3164 日本', 'straße\ufe0f OPS 日本']) {
      expect([name, (await ask('POST', '/groups', { name })).body.code]).toEqual([name, 'name_taken'])
      const found = await ask('GET', `/groups?search=${encodeURIComponent(name)}`)
      expect([name, found.body.items.map((group: { id: string }) => group.id)]).toEqual([name, [id]])
    }
    const pasted = await ask('GET', `/groups?search=${encodeURIComponent('Stra\u200bße')}`)
    expect(pasted.body.items).toHaveLength(1)
    expect((await ask('GET', `/groups?search=${encodeURIComponent('\u200b')}`)).body.items).toEqual([])
  })
})
