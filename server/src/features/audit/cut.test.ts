import { sql } from 'kysely'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { auditLogs } from '../../../test/audit-log.ts'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { changeOn } from '../../../test/operator-change.ts'
import { createOperatorAuthority } from '../../db/authority.ts'
import { reader } from '../../db/change.ts'
import { cutLog, verifyChain } from './actions.ts'
import { type ChainEnd, chainFaultTexts } from './rules.ts'

const hourMs = 3_600_000
const authority = createOperatorAuthority()
const operator = { kind: 'operator' as const, id: null, name: 'Operator' }

describeOnBoth('A2: old events are removed, and the rest stays provable', (open) => {
  let database: TestDatabase
  let app: Harness
  let logs: ReturnType<typeof auditLogs>
  let acme: Awaited<ReturnType<Harness['newOrganization']>>
  /** Where the old events end, and where the log ended before anything was removed. */
  let old: ChainEnd
  let end: ChainEnd
  /** Between the old events and the others. */
  let noon: string

  beforeAll(async () => {
    database = await open()
    app = await harness(database)
    logs = auditLogs(app, database)
  })
  beforeEach(async () => {
    acme = await app.newOrganization('Acme')
    await logs.append(acme.id, 5)
    old = await endOf()
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    noon = app.clock.now.toISOString()
    await logs.append(acme.id, 5)
    end = await endOf()
  })

  const endOf = async () => (await verifyChain(app.deps, acme.id))?.end as ChainEnd
  const named = () => `${acme.id}  Acme`
  const at = (it: ChainEnd) => [{ organizationId: acme.id, ...it }]
  const verify = (checkpoint?: ChainEnd) =>
    logs.run('audit-verify', { organization: acme.id, ...(checkpoint && { checkpoints: at(checkpoint) }) })
  const retain = (more: Record<string, unknown> = {}) =>
    logs.run('audit-retain', { organization: acme.id, before: noon, ...more })
  const expectBroken = async (sequence: number, fault: keyof typeof chainFaultTexts, checkpoint?: ChainEnd) => {
    const { exitCode, text } = await verify(checkpoint)
    expect([exitCode, text.split('\n')[0]]).toEqual([
      1,
      `BROKEN  ${named()}: event ${sequence}: ${chainFaultTexts[fault]}.`,
    ])
  }
  const tamper = (set: ReturnType<typeof sql>) => logs.tamper(set)
  const sequences = async () => (await acme.events('?limit=200')).map((it) => it.sequence)

  test('the cut is an event of the operator, and the chain goes on from its hash', async () => {
    const { exitCode, text } = await retain()
    const recorded = end.sequence + 1
    expect([exitCode, text]).toEqual([
      0,
      `cut     ${named()}: ${old.sequence} events removed, up to event ${old.sequence}, recorded as event ${recorded}.`,
    ])
    expect(await sequences()).toEqual(Array.from({ length: 6 }, (_, i) => recorded - i))
    expect((await acme.events('?action=audit.cut'))[0]).toMatchObject({
      actor: { kind: 'operator' },
      target: { kind: 'organization', id: acme.id, name: 'Acme' },
      before: null,
      after: { ...old, removed: old.sequence, before: noon },
    })
    const said = await verify()
    expect([said.exitCode, said.text]).toEqual([
      0,
      `ok      ${named()}: events ${old.sequence + 1} to ${recorded}.
        Those up to ${old.sequence} were cut on ${app.clock.now.toISOString()}, as event ${recorded} records.`,
    ])
    await acme.newToken()
    expect((await verify()).exitCode).toBe(0)
  })

  test('a checkpoint agrees that lies behind the cut or at it; one that the cut went beyond vouches for nothing', async () => {
    await retain()
    for (const it of [end, old]) {
      expect(await verify(it)).toMatchObject({
        exitCode: 0,
        text: expect.stringContaining(`, checkpoint at ${it.sequence} agrees.`),
      })
      await expectBroken(it.sequence, 'rewritten', { ...it, hash: 'f'.repeat(64) })
    }
    await expectBroken(old.sequence + 1, 'beyond_checkpoint', { sequence: old.sequence - 1, hash: 'f'.repeat(64) })
  })

  test('a dry run says how much would go, and nothing goes', async () => {
    const { exitCode, text } = await retain({ dryRun: true })
    expect([exitCode, text]).toEqual([0, `to cut  ${named()}: ${old.sequence} events, up to event ${old.sequence}.`])
    expect(await endOf()).toEqual(end)
    expect((await verify()).text).toBe(`ok      ${named()}: ${end.sequence} events.`)
  })

  test('with checkpoints nothing goes that came after them, and nothing where there is none', async () => {
    expect((await retain({ checkpoints: [] })).text).toBe(`kept    ${named()}: nothing to remove.`)
    const early = { sequence: 2, hash: (await acme.events('?limit=200')).at(-2)?.hash as string }
    expect((await retain({ checkpoints: at(early) })).text).toMatch(/: 2 events removed, up to event 2, /)
    expect((await verify(early)).exitCode).toBe(0)
    const forged = await retain({ checkpoints: at({ ...end, hash: 'f'.repeat(64) }) })
    expect(forged).toMatchObject({ exitCode: 1, text: expect.stringMatching(/^BROKEN .* Nothing was removed/) })
  })

  test('a broken log is evidence, and stays as it is', async () => {
    await tamper(sql`update audit_events set ip = '192.0.2.9' where organization_id = ${acme.id} and sequence = 2`)
    const before = await sequences()
    const { exitCode, text } = await retain()
    expect([exitCode, text]).toEqual([
      1,
      `BROKEN  ${named()}: event 2: ${chainFaultTexts.altered}. Nothing was removed: it may be evidence.`,
    ])
    expect(await sequences()).toEqual(before)
  })

  test('an old event that was written behind a younger one stays, since a chain is cut at one place', async () => {
    app.clock.now = new Date(app.clock.now.getTime() - hourMs)
    await logs.append(acme.id, 1)
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    await retain()
    expect((await sequences()).at(-1)).toBe(old.sequence + 1)
  })

  test('everything that is old can go: the record of the cut remains, and is not replaced by another one', async () => {
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    const all = { before: app.clock.now.toISOString() }
    expect((await retain(all)).exitCode).toBe(0)
    expect(await sequences()).toEqual([end.sequence + 1])
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    const later = await retain({ before: app.clock.now.toISOString() })
    expect(later.text).toBe(`kept    ${named()}: nothing to remove.`)
    await logs.append(acme.id, 3)
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    expect((await retain({ before: app.clock.now.toISOString() })).text).toMatch(/: 4 events removed, /)
    expect(await sequences()).toEqual([end.sequence + 5])
    expect((await verify()).exitCode).toBe(0)
  })

  test('a cut that nobody recorded is found, be it beside one that was', async () => {
    const cutTo = (upTo: number) =>
      tamper(sql`delete from audit_events where organization_id = ${acme.id} and sequence <= ${upTo}`)
    await cutTo(3)
    await expectBroken(1, 'missing')
    acme = await app.newOrganization('Acme')
    await logs.append(acme.id, 5)
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    await logs.append(acme.id, 5)
    old = { sequence: (await endOf()).sequence - 5, hash: '' }
    noon = app.clock.now.toISOString()
    await retain()
    await cutTo(old.sequence + 2)
    await expectBroken(old.sequence + 1, 'missing')
  })

  test('a record of a cut that was altered, removed or put in is found', async () => {
    await retain()
    const restore = await logs.keep([acme.id])
    const record = sql`organization_id = ${acme.id} and action = 'audit.cut'`
    await tamper(sql`update audit_events set after = after || '{"removed":1}' where ${record}`)
    await expectBroken(end.sequence + 1, 'altered')
    await restore()
    await tamper(sql`update audit_events set after = after || '{"sequence":1}' where ${record}`)
    await expectBroken(2, 'missing')
    await restore()
    await tamper(
      sql`update audit_events set after = after || ${JSON.stringify({ hash: 'f'.repeat(64) })}::jsonb where ${record}`,
    )
    await expectBroken(old.sequence + 1, 'out_of_place')
    await restore()
    await tamper(sql`delete from audit_events where ${record}`)
    await expectBroken(1, 'missing')
    await restore()
    await tamper(sql`insert into audit_events select 'evt_' || random(), organization_id, 2, time, actor, actor_id, action, target,
      target_id, before, after, ip, user_agent, request_id, previous_hash, hash from audit_events where ${record}`)
    await expectBroken(2, 'left_over')
  })

  /** What the operator's command works with, told to stop after so many rounds of removing. */
  const cutDeps = (rounds: number) => {
    let done = 0
    return {
      now: app.deps.now,
      read: reader(database.owner),
      change: changeOn(database.owner, app.deps.newId),
      remove: async (work: Parameters<Parameters<typeof cutLog>[0]['remove']>[0]) => {
        if (done >= rounds) throw new Error('killed')
        done += 1
        return database.owner.transaction().execute(work)
      },
    }
  }
  const request = () => ({
    organization: { id: acme.id, name: 'Acme' },
    actor: operator,
    authority,
    before: new Date(noon),
    dryRun: false,
  })

  test('a cut that was interrupted is told of, and goes on without another record', async () => {
    await expect(cutLog(cutDeps(0), request())).rejects.toThrow('killed')
    await expectBroken(1, 'left_over')
    expect((await retain({ dryRun: true })).text).toMatch(/^to cut /)
    expect((await retain()).text).toBe(
      `cut     ${named()}: ${old.sequence} events removed, up to event ${old.sequence}, left by a cut before.`,
    )
    expect(await sequences()).toHaveLength(6)
    expect((await verify()).exitCode).toBe(0)
  })

  test('a cut that the service recorded, and nobody made, makes no operator remove what is to stay', async () => {
    const target = { kind: 'organization' as const, id: acme.id, name: 'Acme' }
    const by = {
      organizationId: acme.id,
      actor: operator,
      authority,
      at: app.clock.now,
      ip: null,
      userAgent: null,
      requestId: null,
    }
    const events = [{ action: 'audit.cut' as const, target, after: end }] as const
    await app.deps.change(by, async () => ({ ok: true, value: undefined, events, forget: [] }))
    await expectBroken(1, 'left_over')
    expect(await retain()).toMatchObject({ exitCode: 1, text: expect.stringMatching(/^BROKEN .* Nothing was removed/) })
    expect(await sequences()).toHaveLength(end.sequence + 1)
  })

  test('many events go in rounds, and a log that is verified meanwhile is not called broken', async () => {
    await logs.append(acme.id, 1100)
    app.clock.now = new Date(app.clock.now.getTime() + hourMs)
    noon = app.clock.now.toISOString()
    let cut: Promise<unknown> | undefined
    const meanwhile: typeof app.deps.read = async (organizationId, work) => {
      const found = await app.deps.read(organizationId, work)
      cut ??= cutLog(cutDeps(9), request())
      await cut
      return found
    }
    const verified = await verifyChain({ read: meanwhile }, acme.id)
    expect(verified?.fault).toBeUndefined()
    expect(verified?.cut?.sequence).toBe(end.sequence + 1100)
    expect(await sequences()).toHaveLength(1)
  })

  test('of two cuts at once each is whole, or gives way to the other', async () => {
    const far = { ...request(), before: new Date(app.clock.now.getTime() + 1) }
    const both = [cutLog(cutDeps(9), request()), cutLog(cutDeps(9), far)]
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map((it) => it.status)).toContain('fulfilled')
    for (const it of outcomes)
      if (it.status === 'rejected') expect(it.reason.message).toBe('The log was cut meanwhile; try again.')
    expect((await verify()).exitCode).toBe(0)
  })

  test('a cut gives way to one that was recorded after it was planned, be it not made yet', async () => {
    const far = { ...request(), before: new Date(app.clock.now.getTime() + 1) }
    const near = cutDeps(9)
    const change: typeof near.change = async (by, work) => {
      await expect(cutLog(cutDeps(0), far)).rejects.toThrow('killed')
      return near.change(by, work)
    }
    await expect(cutLog({ ...near, change }, request())).rejects.toThrow('The log was cut meanwhile; try again.')
    app.clock.now = far.before
    expect((await retain({ before: far.before.toISOString() })).exitCode).toBe(0)
    expect((await verify()).exitCode).toBe(0)
  })

  test('nothing of it is in the power of the service', async () => {
    const { remove: _, ...deps } = { ...cutDeps(0), read: app.deps.read, change: app.deps.change }
    const remove: Parameters<typeof cutLog>[0]['remove'] = (work) =>
      database.db.transaction().execute(async (tx) => {
        await sql`select set_config('portcullis.organization', ${acme.id}, true)`.execute(tx)
        return work(tx)
      })
    await expect(cutLog({ ...deps, remove }, request())).rejects.toMatchObject({ code: '42501' })
    expect(await sequences()).toHaveLength(end.sequence + 1)
  })

  test('2: a day that has not come, and what is none', async () => {
    expect(await retain({ before: '2999-01-01' })).toMatchObject({ exitCode: 2, text: 'before: Lies in the future.' })
    for (const before of ['yesterday', '2026-02-30', '']) {
      const { exitCode, text } = await retain({ before })
      expect([exitCode, text]).toEqual([2, expect.stringMatching(/^before: Enter a day /)])
    }
    expect((await retain({ before: '2020-01-01' })).text).toBe(`kept    ${named()}: nothing to remove.`)
  })
})
