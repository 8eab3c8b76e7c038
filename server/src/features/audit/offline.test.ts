import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { auditLogs } from '../../../test/audit-log.ts'
import { audit, checkpointFile, keyFile, witnessed, write } from '../../../test/audit-script.ts'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import type { Checkpoint } from '../../cli/audit-verify.ts'
import { addCheckpoint } from '../../cli/checkpoint-file.ts'
import { chainHash } from './rules.ts'

interface Line {
  sequence: number
  hash: string
  organizationId: string
  [member: string]: unknown
}

describeOnBoth("A2: an organization's export is verified offline", (open, kind) => {
  let app: Harness
  let logs: ReturnType<typeof auditLogs>
  let acme: Awaited<ReturnType<Harness['newOrganization']>>
  let id: string
  /** As the export has them: newest first. */
  let lines: string[]
  let last: number

  const exported = async (query = '', it = acme): Promise<string> =>
    (await app.call('GET', `${it.path}/audit-events/export?format=ndjson${query}`, { as: it.admin })).body
  const eventOf = (line: string | undefined): Line => JSON.parse(line ?? '')
  const seenAt = (sequence: number): Checkpoint => ({
    organizationId: id,
    sequence,
    hash: eventOf(lines.find((it) => eventOf(it).sequence === sequence)).hash,
  })
  const text = (all: readonly string[]) => all.map((it) => `${it}\n`).join('')

  beforeAll(async () => {
    const database = await open()
    app = await harness(database)
    logs = auditLogs(app, database)
    acme = await app.newOrganization('Acme')
    id = acme.id
    await acme.newToken()
    await logs.append(id, 3)
    app.clock.now = new Date(app.clock.now.getTime() + 60_000)
    await acme.newGroup([acme.admin.accountId], 'Größe 水 "😀" \\')
    await acme.setCreation({ creation: 'none' })
    await logs.append(id, 3)
    lines = (await exported()).trimEnd().split('\n')
    last = eventOf(lines[0]).sequence
    expect(last).toBeGreaterThan(9)
  })

  test('whole, and vouched for by a checkpoint up to that', async () => {
    const file = write(text(lines))
    expect(await audit('--complete', file)).toEqual({
      exitCode: 0,
      lines: [
        id,
        `Events 1 to ${last}: here, in themselves consistent; no checkpoint vouches for them.`,
        'Nothing is wrong.',
      ],
    })
    const checkpoints = checkpointFile(seenAt(2), seenAt(last - 2))
    expect(await audit(...witnessed(checkpoints), '--complete', file)).toEqual({
      exitCode: 0,
      lines: [
        id,
        `Events 1 to ${last - 2}: here, complete, as the checkpoint of 2026-11-02T00:00:00.000Z vouches.`,
        `Events ${last - 1} to ${last}: here, in themselves consistent; no checkpoint vouches for them.`,
        'Nothing is wrong.',
      ],
    })
  })

  test('from a moment on, of one action: it says what is not there', async () => {
    const some = await exported(`&from=${encodeURIComponent(app.clock.now.toISOString())}`)
    const first = eventOf(some.trimEnd().split('\n').at(-1)).sequence
    expect(first).toBeGreaterThan(1)
    const checkpoints = checkpointFile(seenAt(last))
    expect(await audit(...witnessed(checkpoints), write(some))).toEqual({
      exitCode: 0,
      lines: [
        id,
        `Events 1 to ${first - 1}: not here, so nothing is proven of them.`,
        `Events ${first} to ${last}: here, complete, as the checkpoint of 2026-11-01T00:00:00.000Z vouches.`,
        'Nothing is wrong.',
      ],
    })
    const complete = await audit('--complete', write(some))
    expect([complete.exitCode, complete.lines.at(-2)]).toEqual([
      1,
      `WRONG: Events 1 to ${first - 1}: not here, so nothing is proven of them.`,
    ])
    const tokens = await audit(...witnessed(checkpoints), write(await exported('&action=settings.updated')))
    expect(tokens.exitCode).toBe(0)
    expect(tokens.lines.filter((it) => it.includes('not here'))).toHaveLength(2)
  })

  test('after a recorded cut, and together with the export from before it', async () => {
    const other = await app.newOrganization('Globex')
    await logs.append(other.id, 4)
    const archive = await exported('', other)
    const end = archive.split('\n').length - 1
    app.clock.now = new Date(app.clock.now.getTime() + 60_000)
    await logs.append(other.id, 2)
    const cut = await logs.run('audit-retain', { organization: other.id, before: app.clock.now.toISOString() })
    expect(cut.exitCode).toBe(0)
    const rest = await exported('', other)
    const said = await audit('--complete', write(rest))
    expect(said).toMatchObject({
      exitCode: 0,
      lines: [
        other.id,
        `Events 1 to ${end}: not here; cut on ${app.clock.now.toISOString()}, as event ${end + 3} records.`,
        `Events ${end + 1} to ${end + 3}: here, in themselves consistent; no checkpoint vouches for them.`,
        'Nothing is wrong.',
      ],
    })
    expect((await audit('--complete', write(archive), write(rest))).lines[1]).toContain(`Events 1 to ${end + 3}: here`)
    const unrecorded = text(rest.trimEnd().split('\n').slice(0, -1))
    expect((await audit('--complete', write(unrecorded))).lines).toContain(
      `WRONG: Event ${end + 1}: not here, so nothing is proven of them.`,
    )
  })

  if (kind === 'postgres') return

  describe('tampered with', () => {
    const altering = (over: Record<string, unknown>) => (all: string[]) =>
      all.map((it, i) => (i === 2 ? JSON.stringify({ ...eventOf(it), ...over }) : it))
    /** All events with another content and all their hashes anew, as somebody could who made the file up. */
    const rewritten = (all: string[]) => {
      let previousHash = ''
      const forged = all.toReversed().map((line) => {
        const { hash: _, previousHash: __, ...record } = eventOf(line)
        const hash = chainHash(previousHash, { ...record, userAgent: 'forged' } as never)
        const told = JSON.stringify({ ...record, userAgent: 'forged', previousHash, hash })
        previousHash = hash
        return told
      })
      return forged.toReversed()
    }
    const mallory = { kind: 'member', id: 'mem_x', name: 'Mallory' }
    const wasAltered = (file: string) => `${file}:3: event ${last - 2} was altered.`
    const isNone = (file: string) => `${file}:1 is not as Portcullis writes it.`
    const isLost = (span: string) => `${span}: not here, so nothing is proven of them.`

    test.each<[what: string, forge: (all: string[]) => string[], fault: (file: string) => string]>([
      ['a member altered', altering({ ip: '192.0.2.9' }), wasAltered],
      ['who did it', altering({ actor: mallory }), wasAltered],
      ['a member more', altering({ note: 'x' }), wasAltered],
      ['a hash altered', altering({ hash: 'f'.repeat(64) }), wasAltered],
      ['a previous hash altered', altering({ previousHash: '' }), wasAltered],
      ['a member that is there twice', ([a = '', ...all]) => [a.replace('{', '{"action":"x",'), ...all], isNone],
      ['a line that is none', ([a = '', ...all]) => [a.slice(0, 40), ...all], isNone],
      ['a line removed', (all) => all.toSpliced(2, 1), () => isLost(`Event ${last - 2}`)],
      ['the oldest removed', (all) => all.slice(0, -1), () => isLost('Event 1')],
      ['the newest removed', (all) => all.slice(2), () => isLost(`Events ${last - 1} to ${last}`)],
      [
        'rewritten as a whole',
        rewritten,
        () => `event ${last} is not the one of 2026-11-01T00:00:00.000Z: the log was rewritten.`,
      ],
      [
        'rewritten in part',
        (all) => [...all.slice(0, 3), ...rewritten(all).slice(3)],
        () => `event ${last - 2} does not follow from the one before: one of the two was replaced.`,
      ],
      [
        'rewritten, and both there',
        (all) => [...all, ...rewritten(all)],
        (file) => `${file}:${last + 1}: event ${last} is here twice, differently.`,
      ],
      ['nothing left', () => [], () => 'there is no event in it.'],
    ])('%s', async (_what, forge, fault) => {
      const file = write(text(forge(lines)))
      const found = await audit('--complete', ...witnessed(checkpointFile(seenAt(last))), file)
      expect(found.exitCode).toBe(1)
      expect(found.lines).toContain(`WRONG: ${fault(file)}`)
      expect(found.lines.at(-1)).toBe('Something is wrong.')
    })

    /** An event more at the end, as whoever can only append could write it. */
    const appended = (all: string[], over: Record<string, unknown>) => {
      const { hash: previousHash, previousHash: _, ...record } = eventOf(all[0])
      const next = { ...record, sequence: last + 1, ...over }
      return [JSON.stringify({ ...next, previousHash, hash: chainHash(previousHash, next as never) }), ...all]
    }
    /** The oldest removed, as if an operator had cut the log. */
    const cutUpTo = (sequence: number, after: unknown = { sequence, hash: seenAt(sequence).hash }) =>
      appended(lines, { action: 'audit.cut', after }).filter((it) => eventOf(it).sequence > sequence)

    test('a cut that nobody made, recorded behind the checkpoint', async () => {
      const args = [...witnessed(checkpointFile(seenAt(last))), write(text(cutUpTo(3)))]
      const told = `Events 1 to 3: not here; cut on ${eventOf(lines[0]).time}, as event ${last + 1} records, for which no checkpoint vouches.`
      const found = await audit(...args)
      expect([found.exitCode, found.lines[1]]).toEqual([0, told])
      const complete = await audit('--complete', ...args)
      expect([complete.exitCode, complete.lines.at(-2)]).toEqual([1, `WRONG: ${told}`])
    })

    test('a cut beyond the checkpoint, with all that follows made up', async () => {
      const { exitCode, lines: said } = await audit(...witnessed(checkpointFile(seenAt(2))), write(text(cutUpTo(3))))
      expect([exitCode, said.at(-2)]).toEqual([
        1,
        'WRONG: the log was cut beyond the newest checkpoint, so nothing vouches for what follows.',
      ])
    })

    test.each([
      ['up to no number', { sequence: 'x', hash: '' }],
      ['up to itself and beyond', { sequence: 1e9, hash: '' }],
      ['up to nowhere', {}],
      ['without a word', null],
    ])('a record of a cut that cannot be: %s', async (_what, after) => {
      const { exitCode, lines: said } = await audit('--complete', write(text(cutUpTo(3, after))))
      expect(exitCode).toBe(1)
      expect(said).toContain(`WRONG: event ${last + 1} records a cut that cannot be.`)
      expect(said).toContain('WRONG: Events 1 to 3: not here, so nothing is proven of them.')
    })

    test('made up for an organization that the checkpoints do not know', async () => {
      const args = [...witnessed(checkpointFile({ ...seenAt(last), organizationId: 'org_x' })), write(text(lines))]
      const [there, complete] = await Promise.all([audit(...args), audit('--complete', ...args)])
      expect([there.exitCode, there.lines[1]]).toEqual([0, 'No checkpoint knows this organization.'])
      expect([complete.exitCode, complete.lines.at(-2)]).toEqual([1, 'WRONG: No checkpoint knows this organization.'])
    })

    test.each([0, -5])('an event of number %j', async (sequence) => {
      const { exitCode, lines: said } = await audit(write(text(appended(lines, { sequence }))))
      expect([exitCode, said]).toEqual([
        1,
        expect.arrayContaining([expect.stringContaining(`event ${sequence} was altered.`)]),
      ])
    })

    test("another organization's events beside", async () => {
      const other = await app.newOrganization('Globex')
      const file = write(`${text(lines)}${await exported('', other)}`)
      const { exitCode, lines: said } = await audit(file)
      expect([exitCode, said]).toEqual([
        1,
        expect.arrayContaining([`WRONG: ${file}:${last + 1}: the event is of another organization.`]),
      ])
    })

    test('in another order it says the same, since events are numbered', async () => {
      const [there, back] = await Promise.all([audit(write(text(lines))), audit(write(text(lines.toReversed())))])
      expect(back).toEqual(there)
    })

    test('checkpoints that were altered, moved, or signed by somebody else', async () => {
      const file = checkpointFile(seenAt(2), seenAt(3), seenAt(4))
      const export_ = write(text(lines))
      const [a = '', b = '', c = ''] = readFileSync(file, 'utf8').split('\n')
      const said = async (...all: string[]) => {
        writeFileSync(file, text(all))
        const { exitCode, lines: told } = await audit(...witnessed(file), export_)
        return [exitCode, told.find((it) => it.startsWith('WRONG'))]
      }
      const signed = (line: number) =>
        `WRONG: ${file}:${line} was altered, or signed with another key than that in ${keyFile}.`
      const moved = (line: number) =>
        `WRONG: ${file}:${line} does not follow from the line before: a line was removed, added or moved.`
      expect(await said(a, b, c)).toEqual([0, undefined])
      expect(await said(a, b.replace('2026', '2025'), c)).toEqual([1, signed(2)])
      expect(await said(a, c)).toEqual([1, moved(2)])
      expect(await said(b, c)).toEqual([1, moved(1)])
      expect(await said('{}')).toEqual([1, signed(1)])
      const { privateKey } = generateKeyPairSync('ed25519')
      rmSync(file)
      addCheckpoint(file, { lines: [], checkpoints: [] }, { ends: [seenAt(2)], key: privateKey, time: new Date(0) })
      expect((await audit(...witnessed(file), export_)).lines).toContain(signed(1))
    })

    test('2: without a file, or with a checkpoint and no key', async () => {
      for (const args of [[], ['--checkpoint', keyFile, keyFile]])
        expect(await audit(...args)).toEqual({ exitCode: 2, lines: [expect.stringMatching(/^usage: /)] })
    })
  })
})
