import { beforeAll, describe, expect, test } from 'vitest'
import type { AnyRoute } from '../src/http/route.ts'
import { routes } from '../src/routes.ts'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness } from './harness.ts'
import {
  absentTable,
  type Cell,
  foreignTokenTable,
  type Principal,
  principals,
  type Row,
  type Stage,
  setStage,
  table,
} from './route-table.ts'

const byId = new Map<string, AnyRoute>(routes.map((it) => [it.id, it]))
const fill = (route: AnyRoute, path: Record<string, string>) =>
  route.path.replace(/\{(\w+)\}/g, (_: string, name: string) => path[name] ?? '')

test('every route has a row, and every row a route', () => {
  expect(Object.keys(table).sort()).toEqual([...byId.keys()].sort())
})

/** Well-formed ids that lead nowhere. */
const absent = (prefix: string) => `${prefix}_01h455vb4pex5vsknk084sn02q`

describeOnBoth('route × principal', (open) => {
  let it: Harness
  let stage: Stage
  beforeAll(async () => {
    it = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
    stage = await setStage(it)
    return () => stage.idp.close()
  })

  const ask = (route: AnyRoute, cell: Cell, by: Principal, org = stage.org.id) =>
    it.call(route.method.toUpperCase(), fill(route, { org, ...cell.path }) + (cell.query ?? ''), {
      as: stage.as[by],
      body: cell.body,
      ...(cell.headers && { headers: cell.headers }),
    })

  const statusesOf = async (route: AnyRoute, row: Row) => {
    const statuses: number[] = []
    for (const by of principals) {
      const cell = (await row.ask?.(stage, it, by)) ?? {}
      statuses.push((await ask(route, cell, by)).status)
    }
    return Object.fromEntries(principals.map((by, i) => [by, statuses[i]]))
  }

  const expected = (row: Row) => Object.fromEntries(principals.map((by, i) => [by, row.statuses[i]]))

  test.each(Object.entries(table))('%s', async (id, row) => {
    expect(await statusesOf(byId.get(id)!, row)).toEqual(expected(row))
  })

  test.each(Object.entries(absentTable))('where a preview feature is off: %s', async (id, row) => {
    await stage.org.choosePreviews([])
    expect(await statusesOf(byId.get(id)!, row)).toEqual(expected(row))
    await stage.org.choosePreviews(['token-insights'])
  })

  test.each(Object.entries(foreignTokenTable))("another person's token: %s", async (id, row) => {
    expect(await statusesOf(byId.get(id)!, row)).toEqual(expected(row))
  })

  describe('O1: an id of another organization and one that leads nowhere are answered alike', () => {
    const told = ({ status, body, headers }: Awaited<ReturnType<typeof ask>>) => {
      const { requestId: _, ...rest } = body
      return { status, rest, headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date') }
    }

    test.each(routes.filter((route) => 'org' in route.parameters).map((route) => [route.id, route] as const))(
      '%s: the organization',
      async (id, route) => {
        const cell = (await table[id]?.ask?.(stage, it, 'admin')) ?? {}
        const [foreign, nowhere] = [
          await ask(route, cell, 'admin', stage.other.id),
          await ask(route, cell, 'admin', absent('org')),
        ]
        expect(foreign.status).toBe(404)
        expect(told(foreign)).toEqual(told(nowhere))
        expect(JSON.stringify(foreign.body)).not.toContain(stage.other.id)
      },
    )

    /** What the other organization has of each kind. */
    const foreignIds = async (): Promise<Record<string, string>> => {
      const { other } = stage
      const email = it.newEmail()
      const invited = await it.call('POST', `${other.path}/invitations`, {
        as: other.admin,
        body: { emails: [email], role: 'member' },
      })
      return {
        mem: (await other.newMember()).accountId,
        svc: await other.newServiceAccount(),
        grp: await other.newGroup(),
        tok: (await other.newToken()).id,
        inv: invited.body.invitations[0].id,
        ...stage.foreign,
      }
    }

    const withObject = routes.filter((route) => Object.keys(route.parameters).length > 1)
    test.each(withObject.map((route) => [route.id, route] as const))('%s: the object', async (id, route) => {
      const ids = await foreignIds()
      const cell = (await table[id]?.ask?.(stage, it, 'admin')) ?? {}
      for (const [name, prefixes] of Object.entries(route.parameters as Record<string, string[] | 'key'>)) {
        // Hidden and unknown features are compared where there is a catalogue: features/previews/routes.test.ts.
        if (name === 'org' || prefixes === 'key') continue
        for (const prefix of prefixes) {
          const foreign = await ask(route, { ...cell, path: { ...cell.path, [name]: ids[prefix]! } }, 'admin')
          const nowhere = await ask(route, { ...cell, path: { ...cell.path, [name]: absent(prefix) } }, 'admin')
          const broken = await ask(route, { ...cell, path: { ...cell.path, [name]: 'nonsense' } }, 'admin')
          expect(foreign.status).toBe(404)
          expect(told(foreign)).toEqual(told(nowhere))
          expect(told(broken)).toEqual(told(nowhere))
          expect(JSON.stringify(foreign.body)).not.toContain(ids[prefix])
        }
      }
    })
  })
})
