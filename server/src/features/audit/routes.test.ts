import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { operatorOrigin } from '../../../test/operator-change.ts'
import type { AuditEntry } from './rules.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

/** RFC 4180, as a spreadsheet reads it. */
function readCsv(text: string): string[][] {
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)]
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of cells) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

describeOnBoth('audit events', (open) => {
  let app: Harness
  let acme: Organization
  beforeAll(async () => {
    app = await harness(await open())
    acme = await app.newOrganization('Acme')
  })
  const list = (it: Organization, query = '', as = it.admin) =>
    app.call('GET', `${it.path}/audit-events${query}`, { as })
  const exported = (it: Organization, query: string) =>
    app.call('GET', `${it.path}/audit-events/export${query}`, { as: it.admin })

  test('200: newest first, with before, after, who and from where, and no secret', async () => {
    const it = await app.newOrganization()
    const { id, secret } = await it.newToken()
    await app.call('PATCH', `${it.path}/tokens/${id}`, {
      as: it.admin,
      body: { name: 'deploy' },
      headers: { 'user-agent': 'curl/8' },
    })
    const { status, body, headers } = await list(it)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.items.map((event: { action: string }) => event.action).slice(0, 2)).toEqual([
      'token.updated',
      'token.created',
    ])
    expect(body.items[0]).toMatchObject({
      id: expect.stringMatching(/^evt_/),
      actor: { kind: 'member', id: it.admin.accountId, name: 'Ada Admin' },
      target: { kind: 'token', id, name: 'deploy' },
      before: { name: 'ci' },
      after: { name: 'deploy' },
      userAgent: 'curl/8',
      requestId: expect.any(String),
      organizationId: it.id,
      previousHash: body.items[1].hash,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(body.items.at(-1).previousHash).toBe('')
    const sequences: number[] = body.items.map((event: { sequence: number }) => event.sequence)
    expect(sequences).toEqual([...sequences.keys()].map((i) => sequences.length - i))
    expect(JSON.stringify(body)).not.toContain(secret)
    expect(body.nextCursor).toBeNull()
  })

  test('200: page by page it is the same list', async () => {
    const it = await app.newOrganization()
    for (let i = 0; i < 5; i += 1) await it.newGroup()
    const all = (await list(it)).body.items
    const paged: unknown[] = []
    let cursor = ''
    do {
      const { body } = await list(it, `?limit=2${cursor}`)
      expect(body.items.length).toBeLessThanOrEqual(2)
      paged.push(...body.items)
      cursor = body.nextCursor && `&cursor=${body.nextCursor}`
    } while (cursor)
    expect(paged).toEqual(all)
  })

  test('200: by time, actor, action and target', async () => {
    const it = await app.newOrganization()
    const before = app.clock.now
    const member = await it.newMember()
    app.clock.now = new Date(before.getTime() + 60_000)
    const token = await it.newToken(member)
    const actions = async (query: string) =>
      (await list(it, query)).body.items.map((event: { action: string }) => event.action)
    const at = (time: Date) => encodeURIComponent(time.toISOString())

    expect(await actions(`?from=${at(app.clock.now)}`)).toEqual(['token.created'])
    expect(await actions(`?to=${at(app.clock.now)}`)).not.toContain('token.created')
    expect(await actions(`?actorId=${member.accountId}&action=token.created`)).toEqual(['token.created'])
    expect(await actions('?action=member.invited')).toEqual(['member.invited'])
    expect(await actions(`?targetId=${token.id}`)).toEqual(['token.created'])
    expect(await actions(`?targetId=${token.id}&action=member.invited`)).toEqual([])
  })

  test("200: another organization's ids find nothing, like ids that never were (O1)", async () => {
    const other = await app.newOrganization('Globex')
    const token = await other.newToken()
    expect((await list(acme, `?targetId=${token.id}`)).body.items).toEqual([])
    expect((await list(acme, `?actorId=${other.admin.accountId}`)).body.items).toEqual([])
  })

  test.each([
    ['from', '?from=yesterday'],
    ['to', '?to=2026-13-01T00:00:00Z'],
    ['to', '?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
    ['to', '?from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z'],
    ['actorId', '?actorId=tok_01m86hkqn3f6a8dascc8dvc5t0'],
    ['action', '?action=token.stolen'],
    ['targetId', '?targetId=%00'],
    ['cursor', '?cursor=YWJj'],
    ['cursor', '?cursor=-'],
    ['limit', '?limit=201'],
    ['limit', '?limit=2&limit=3'],
    ['who', '?who=me'],
  ])('422: %s is wrong in %s', async (path, query) => {
    const { status, body } = await list(acme, query)
    expect([status, body.code]).toEqual([422, 'invalid_request'])
    expect(body.errors.map((it: { path: string }) => it.path)).toEqual([path])
  })

  test('403: a member', async () => {
    const member = await acme.newMember()
    expect((await list(acme, '', member)).status).toBe(403)
    expect((await app.call('GET', `${acme.path}/audit-events/export?format=csv`, { as: member })).status).toBe(403)
  })

  test('422: an export in no format, or in an unknown one', async () => {
    expect((await exported(acme, '')).body.errors).toMatchObject([{ path: 'format' }])
    expect((await exported(acme, '?format=xlsx')).body.errors).toMatchObject([{ path: 'format' }])
  })

  test('200: NDJSON holds the very events of the list, filtered alike', async () => {
    const it = await app.newOrganization()
    await it.newToken()
    const { status, body, headers } = await exported(it, '?format=ndjson')
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit-events.ndjson"')
    expect(body.endsWith('}\n')).toBe(true)
    const lines = body.trimEnd().split('\n')
    expect(lines.map((line: string) => JSON.parse(line))).toEqual((await list(it)).body.items)
    expect((await exported(it, '?format=ndjson&action=token.created')).body.split('\n')).toHaveLength(2)
    expect((await exported(it, '?format=ndjson&action=token.revoked')).body).toBe('')
  })

  test('200: CSV survives quotes, line breaks and any script, and holds no formula', async () => {
    const it = await app.newOrganization()
    const names = ['=HYPERLINK("http://evil")', '+1', '-1+1', '@SUM(A1)', '＝1', 'a,"b" Größe 水', '  =2']
    for (const name of names) await it.newGroup([], name)
    const { body, headers } = await exported(it, '?format=csv&action=group.created')
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    const [head, ...rows] = readCsv(body)
    expect(head?.slice(0, 3)).toEqual(['id', 'sequence', 'time'])
    expect(rows.every((row) => row.length === head?.length)).toBe(true)
    const told = rows.map((row) => row[head?.indexOf('targetName') ?? -1]).reverse()
    expect(told).toEqual(names.map((name) => (name.startsWith('a') ? name : `'${name.trim()}`)))
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^\s*[=+\-@\t\r]/)
    const events = (await list(it, '?action=group.created')).body.items
    const { organizationId, previousHash, hash } = events[0]
    expect(rows[0]?.slice(-3)).toEqual([organizationId, previousHash, hash])
    expect(head?.slice(-3)).toEqual(['organizationId', 'previousHash', 'hash'])
  })

  test('200: 10,000 events are exported in bounded batches, each read only when the last was taken', async () => {
    const it = await app.newOrganization()
    const target = { kind: 'token' as const, id: 'tok_many', name: 'many' }
    const entries = Array.from({ length: 1000 }, (): AuditEntry => ({ action: 'token.updated', target }))
    const by = { ...operatorOrigin, organizationId: it.id }
    for (let i = 0; i < 10; i += 1) {
      await app.deps.change({ ...by, at: app.clock.now }, async () => ({
        ok: true,
        value: undefined,
        events: entries as [AuditEntry],
        forget: [],
      }))
    }
    const answer = await app.router.request(
      new URL(`${it.path}/audit-events/export?format=ndjson&targetId=tok_many`, 'http://localhost:3000'),
      { headers: { cookie: it.admin.cookie } },
    )
    let largest = 0
    let lines = 0
    for await (const chunk of answer.body ?? []) {
      const inChunk = new TextDecoder().decode(chunk).split('\n').length - 1
      largest = Math.max(largest, inChunk)
      lines += inChunk
    }
    expect(lines).toBe(10_000)
    expect(largest).toBeLessThanOrEqual(500)
  })
})
