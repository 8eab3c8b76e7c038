import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeOnBoth, newOrganization } from './databases.ts'

describeOnBoth('JavaScript types', (open) => {
  test('are the same from both databases', async () => {
    const { db } = await open()
    const found = await sql`select 9007199254740991::int8 as int8, 3::int4 as int4, count(*) as count, sum(n) as sum,
        '2026-01-02 03:04:05.678+02'::timestamptz as time, '2026-01-02'::date as day, '{"a":[1,null]}'::jsonb as json,
        '"text"'::jsonb as json_text, 'null'::jsonb as json_null, true as yes, null::text as nothing,
        '6a3c0f5e-0000-4000-8000-000000000001'::uuid as uuid, 'Größe' as text, array['a', 'b'] as texts
      from generate_series(1, 3::int8) n`.execute(db)
    expect(found.rows).toEqual([
      {
        int8: 9007199254740991,
        int4: 3,
        count: 3,
        sum: 6,
        time: new Date('2026-01-02T01:04:05.678Z'),
        day: '2026-01-02',
        json: { a: [1, null] },
        json_text: 'text',
        json_null: null,
        yes: true,
        nothing: null,
        uuid: '6a3c0f5e-0000-4000-8000-000000000001',
        text: 'Größe',
        texts: ['a', 'b'],
      },
    ])
  })

  test('are taken alike as parameters', async () => {
    const { db } = await open()
    const at = new Date('2026-01-02T01:04:05.678Z')
    const found = await sql`select ${5}::int8 as number, ${at}::timestamptz as time, ${'2026-01-02'}::date as day,
      ${JSON.stringify({ a: 1 })}::jsonb as json, ${null}::text as nothing, ${true}::boolean as yes,
      ${['a', 'b"}']}::text[] as texts, ${'5'}::int8 as from_text`.execute(db)
    const texts = ['a', 'b"}']
    expect(found.rows).toEqual([
      { number: 5, time: at, day: '2026-01-02', json: { a: 1 }, nothing: null, yes: true, texts, from_text: 5 },
    ])
  })

  test('a parameter that cannot be sent harms nobody else', async () => {
    const { db } = await open()
    await sql`select ${{ toString: 'none' }}::int`.execute(db).catch(() => undefined)
    await sql`select ${'x'}::int`.execute(db).catch(() => undefined)
    expect((await sql`select ${'5'}::text as text, ${1.5}::float8 as float`.execute(db)).rows).toEqual([
      { text: '5', float: 1.5 },
    ])
  })

  test('are the same in errors and in the numbers of affected rows', async () => {
    const opened = await open()
    const { id } = await newOrganization(opened)
    const twice = opened.owner.insertInto('selected_groups').values({ organization_id: id, group_id: 'none' }).execute()
    await expect(twice).rejects.toMatchObject({ code: '23503', constraint: expect.any(String) })
    const updated = await opened.owner
      .updateTable('organizations')
      .set({ name: 'x' })
      .where('id', '=', id)
      .executeTakeFirst()
    expect(updated.numUpdatedRows).toBe(1n)
  })
})
