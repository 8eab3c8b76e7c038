import { sql } from 'kysely'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { auditLogs, type Tampering } from '../../../test/audit-log.ts'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { verifyChain } from './actions.ts'
import { type ChainEnd, type ChainLink, chainFaultTexts, chainHash } from './rules.ts'
import { readLinks } from './store.ts'

/** A hash, as somebody would make one up. */
const anyHash = 'f'.repeat(64)

/** One way to alter each column of an event. */
const alterations: Record<string, Tampering> = {
  id: sql`id = 'evt_01m86hkqn3f6a8dascc8dvc5t0'`,
  time: sql`time = time + interval '1 second'`,
  'time, below a millisecond': sql`time = time + interval '1 microsecond'`,
  actor: sql`actor = jsonb_set(actor, '{name}', '"Mallory"')`,
  'actor, to nothing': sql`actor = 'null'`,
  actor_id: sql`actor_id = 'mem_mallory'`,
  'actor_id, to nothing': sql`actor_id = null`,
  action: sql`action = 'token.revoked'`,
  target: sql`target = jsonb_set(target, '{id}', '"tok_other"')`,
  target_id: sql`target_id = 'tok_other'`,
  before: sql`before = '{"creation":"all"}'`,
  'before, to nothing': sql`before = null`,
  after: sql`after = after || '{"more":1}'`,
  ip: sql`ip = '192.0.2.1'`,
  user_agent: sql`user_agent = ''`,
  request_id: sql`request_id = null`,
  hash: sql`hash = ${anyHash}`,
}

describeOnBoth('A2: the chain of audit events', (open) => {
  let database: TestDatabase
  let app: Harness
  let logs: ReturnType<typeof auditLogs>
  let id: string
  let other: string
  /** The end of the log when it was well, saved outside. */
  let saved: ChainEnd
  let restore: () => Promise<void>

  beforeAll(async () => {
    database = await open()
    app = await harness(database)
    logs = auditLogs(app, database)
    id = (await app.newOrganization('Acme')).id
    other = (await app.newOrganization('Globex')).id
    for (const it of [id, other]) for (let i = 0; i < 7; i += 1) await logs.append(it, 1)
    saved = (await verifyChain(app.deps, id))?.end as ChainEnd
    restore = await logs.keep([id, other])
  })
  afterEach(() => restore())

  const at = (sequence: number) => sql`organization_id = ${id} and sequence = ${sequence}`
  const verify = (checkpoint?: ChainEnd) =>
    logs.run('audit-verify', {
      organization: id,
      checkpoints: checkpoint ? [{ organizationId: id, ...checkpoint }] : [],
    })
  const broken = (sequence: number, fault: keyof typeof chainFaultTexts) =>
    `BROKEN  ${id}  Acme: event ${sequence}: ${chainFaultTexts[fault]}.`
  const expectBroken = async (sequence: number, fault: keyof typeof chainFaultTexts, checkpoint?: ChainEnd) => {
    const { exitCode, text } = await verify(checkpoint)
    expect([exitCode, text.split('\n')[0]]).toEqual([1, broken(sequence, fault)])
  }
  const expectFine = async (upTo: number) => {
    const { exitCode, text } = await verify()
    expect([exitCode, text]).toEqual([0, `ok      ${id}  Acme: ${upTo} events.`])
  }

  /** Writes links anew from number `from` on, all hashes fitting again, also the organization's own. */
  async function forge(links: readonly ChainLink[], from: number): Promise<void> {
    let previous = links[from - 2]?.hash ?? ''
    await logs.tamper(sql`delete from audit_events where organization_id = ${id} and sequence >= ${from}`)
    for (const [i, { record, foundBy }] of links.slice(from - 1).entries()) {
      const forged = { ...record, sequence: from + i }
      const hash = chainHash(previous, forged)
      await logs.tamper(sql`insert into audit_events values (${forged.id}, ${id}, ${forged.sequence}, ${forged.time},
        ${JSON.stringify(forged.actor)}, ${foundBy.actorId}, ${forged.action}, ${JSON.stringify(forged.target)},
        ${foundBy.targetId}, ${JSON.stringify(forged.before)}, ${JSON.stringify(forged.after)}, ${forged.ip},
        ${forged.userAgent}, ${forged.requestId}, ${previous}, ${hash})`)
      previous = hash
    }
    await logs.tamper(
      sql`update organizations set audit_sequence = ${links.length}, audit_hash = ${previous} where id = ${id}`,
    )
  }
  const linksOf = (it = id) => app.deps.read(it, (db) => readLinks(db, it, 0, 10_000))

  test('what was written verifies up to its end, and a checkpoint agrees for good', async () => {
    expect(await verify(saved)).toMatchObject({
      exitCode: 0,
      text: `ok      ${id}  Acme: ${saved.sequence} events, checkpoint at ${saved.sequence} agrees.`,
      value: [{ organizationId: id, ...saved }],
    })
    await logs.append(id, 2)
    const { text } = await verify(saved)
    expect(text).toBe(`ok      ${id}  Acme: ${saved.sequence + 2} events, checkpoint at ${saved.sequence} agrees.`)
  })

  test.each(Object.entries(alterations))('altered: %s', async (_column, set) => {
    await logs.tamper(sql`update audit_events set ${set} where ${at(4)}`)
    await expectBroken(4, 'altered')
    expect((await verify()).text.split('\n')[1]).toBe('        Events 1 to 3 follow from each other.')
  })

  test('altered: previous_hash, sequence, organization_id', async () => {
    await logs.tamper(sql`update audit_events set previous_hash = ${anyHash} where ${at(4)}`)
    await expectBroken(4, 'out_of_place')
    await restore()
    await logs.tamper(sql`update audit_events set sequence = 40 where ${at(4)}`)
    await expectBroken(4, 'missing')
    await restore()
    await logs.tamper(sql`update audit_events set organization_id = ${other}, sequence = 40 where ${at(4)}`)
    await expectBroken(4, 'missing')
  })

  test('altered, and given a hash that fits: the next event tells', async () => {
    const link = (await linksOf())[3] as ChainLink
    const record = { ...link.record, action: 'token.revoked' }
    const hash = chainHash(link.previousHash, record)
    await logs.tamper(sql`update audit_events set action = ${record.action}, hash = ${hash} where ${at(4)}`)
    await expectBroken(5, 'out_of_place')
  })

  test('removed: the first, one in the middle, the last', async () => {
    for (const sequence of [1, 4]) {
      await logs.tamper(sql`delete from audit_events where ${at(sequence)}`)
      await expectBroken(sequence, 'missing')
      await restore()
    }
    await logs.tamper(sql`delete from audit_events where ${at(saved.sequence)}`)
    await expectBroken(saved.sequence, 'cut_off')
  })

  test('removed, with those after it moved up: the first of them tells', async () => {
    await logs.tamper(sql`delete from audit_events where ${at(4)}`)
    await logs.tamper(
      sql`update audit_events set sequence = sequence + 99 where organization_id = ${id} and sequence > 4`,
    )
    await logs.tamper(
      sql`update audit_events set sequence = sequence - 100 where organization_id = ${id} and sequence > 99`,
    )
    await expectBroken(4, 'out_of_place')
  })

  test('all removed, also with the end that the organization keeps set back', async () => {
    await logs.tamper(sql`delete from audit_events where organization_id = ${id}`)
    await expectBroken(1, 'cut_off')
    await logs.tamper(sql`update organizations set audit_sequence = 0, audit_hash = '' where id = ${id}`)
    await expectFine(0)
    await expectBroken(1, 'cut_off', saved)
  })

  test('the head cut off', async () => {
    await logs.tamper(sql`delete from audit_events where organization_id = ${id} and sequence <= 4`)
    await expectBroken(1, 'missing')
  })

  test('two that changed places', async () => {
    for (const [from, to] of [
      [4, -4],
      [5, 4],
      [-4, 5],
    ] as const)
      await logs.tamper(sql`update audit_events set sequence = ${to} where ${at(from)}`)
    await expectBroken(4, 'out_of_place')
  })

  test('an event put in: between two, before the first, behind the last', async () => {
    const source = (await linksOf())[3] as ChainLink
    const { length } = await linksOf()
    const insert = (sequence: number, hash: string) =>
      logs.tamper(sql`insert into audit_events select 'evt_forged', organization_id, ${sequence}, time, actor, actor_id, action,
        target, target_id, before, after, ip, user_agent, request_id, previous_hash, ${hash} from audit_events where ${at(4)}`)
    await logs.tamper(
      sql`update audit_events set sequence = sequence + 100 where organization_id = ${id} and sequence >= 4`,
    )
    await logs.tamper(
      sql`update audit_events set sequence = sequence - 99 where organization_id = ${id} and sequence >= 104`,
    )
    const record = { ...source.record, id: 'evt_forged', sequence: 4 }
    await logs.tamper(sql`insert into audit_events select 'evt_forged', organization_id, 4, time, actor, actor_id, action, target,
      target_id, before, after, ip, user_agent, request_id, previous_hash, ${chainHash(source.previousHash, record)}
      from audit_events where ${at(5)}`)
    await expectBroken(5, 'out_of_place')
    await restore()
    for (const sequence of [0, -7]) {
      await insert(sequence, anyHash)
      await expectBroken(sequence, 'surplus')
      await restore()
    }
    const end = (await linksOf()).at(-1) as ChainLink
    await logs.tamper(sql`insert into audit_events select 'evt_forged', organization_id, ${length + 1}, time, actor, actor_id,
      action, target, target_id, before, after, ip, user_agent, request_id, ${end.hash},
      ${chainHash(end.hash, { ...source.record, id: 'evt_forged', sequence: length + 1 })} from audit_events where ${at(4)}`)
    await expectBroken(length + 1, 'surplus')
  })

  test('an event put in, and the whole rest of the chain written anew: the checkpoint tells', async () => {
    const links = await linksOf()
    const forged = { ...(links[3] as ChainLink), record: { ...(links[3] as ChainLink).record, id: 'evt_forged' } }
    await forge(links.toSpliced(4, 0, forged), 5)
    await expectFine(saved.sequence + 1)
    await expectBroken(saved.sequence, 'rewritten', saved)
  })

  test("another organization's events moved in", async () => {
    const take = (sequence: number, as: number) =>
      logs.tamper(sql`update audit_events set organization_id = ${id}, sequence = ${as}
        where organization_id = ${other} and sequence = ${sequence}`)
    await logs.tamper(sql`delete from audit_events where ${at(4)}`)
    await take(4, 4)
    await expectBroken(4, 'out_of_place')
    const there = await logs.run('audit-verify', { organization: other })
    expect(there.text).toContain(`event 4: ${chainFaultTexts.missing}.`)
    await restore()
    await logs.tamper(sql`delete from audit_events where organization_id = ${id}`)
    for (const { record } of await linksOf(other)) await take(record.sequence, record.sequence)
    await expectBroken(1, 'altered')
  })

  test('truncated without a trace: the checkpoint tells', async () => {
    await forge((await linksOf()).slice(0, 5), 5)
    await expectFine(5)
    await expectBroken(6, 'cut_off', saved)
  })

  test('rewritten as a whole, every hash fitting: the checkpoint tells', async () => {
    const links = await linksOf()
    await forge(
      links.map((it) => ({ ...it, record: { ...it.record, userAgent: 'forged' } })),
      1,
    )
    await expectFine(saved.sequence)
    await expectBroken(saved.sequence, 'rewritten', saved)
  })

  test('the end that the organization keeps: forward, back, with another hash', async () => {
    const set = (what: Tampering) => logs.tamper(sql`update organizations set ${what} where id = ${id}`)
    await set(sql`audit_sequence = audit_sequence + 1`)
    await expectBroken(saved.sequence + 1, 'cut_off')
    await restore()
    await set(sql`audit_sequence = 3`)
    await expectBroken(4, 'surplus')
    await restore()
    await set(sql`audit_hash = ${anyHash}`)
    await expectBroken(saved.sequence, 'end_altered')
  })

  test('an organization that is gone, and one that never was', async () => {
    const gone = { organizationId: 'org_01m86hkqn3f6a8dascc8dvc5t0', ...saved }
    const { exitCode, text } = await logs.run('audit-verify', {
      organization: gone.organizationId,
      checkpoints: [gone],
    })
    expect([exitCode, text]).toEqual([
      1,
      `BROKEN  ${gone.organizationId}  : the organization is gone, and the checkpoint knew it.`,
    ])
    expect(await verifyChain(app.deps, gone.organizationId)).toBeUndefined()
  })

  test('chains of more than one batch are walked to their ends, whatever comes meanwhile', async () => {
    for (const count of [499 - saved.sequence, 1, 1, 300]) {
      await logs.append(id, count)
      const { end, fault } = (await verifyChain(app.deps, id)) ?? {}
      expect(fault).toBeUndefined()
      expect(end?.sequence).toBe((await linksOf()).length)
    }
    let appends = 6
    const meanwhile: typeof app.deps.read = async (organizationId, work) => {
      const found = await app.deps.read(organizationId, work)
      if (appends > 0) {
        appends -= 1
        await logs.append(id, 1)
      }
      return found
    }
    expect((await verifyChain({ read: meanwhile }, id))?.fault).toBeUndefined()
  })
})
