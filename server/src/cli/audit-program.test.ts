import { createPrivateKey } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command as Program } from 'commander'
import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { auditLogs } from '../../test/audit-log.ts'
import { openTestDatabase, type TestDatabase } from '../../test/databases.ts'
import { type Harness, harness } from '../../test/harness.ts'
import { describeAudit } from './audit-program.ts'
import { addCheckpoint } from './checkpoint-file.ts'

describe('A2: the commands of the audit log, and the files that they keep', () => {
  let database: TestDatabase
  let app: Harness
  let logs: ReturnType<typeof auditLogs>
  let folder: string
  let file: string
  let id: string

  beforeAll(async () => {
    database = await openTestDatabase('embedded')
    app = await harness(database)
    logs = auditLogs(app, database)
    id = (await app.newOrganization('Acme')).id
    await app.newOrganization('Globex')
    return async () => {
      await app.lease.close()
      await database.drop()
    }
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-evidence-'))
    file = join(folder, 'checkpoints')
    return () => rmSync(folder, { recursive: true })
  })

  /** The command line as it is typed, with the commands run in this process. */
  async function audit(...args: readonly string[]) {
    const said = { out: [] as string[], err: [] as string[], refused: [] as string[], exitCode: 0 }
    const program = new Program('portcullis')
    describeAudit(program, {
      run: async (name, given) => {
        const { text, ...outcome } = await logs.run(name as 'audit-verify', given)
        said.out.push(...text.split('\n'))
        said.exitCode = outcome.exitCode ?? 0
        return { exitCode: said.exitCode, value: outcome.value }
      },
      print: (line) => void said.out.push(line),
      complain: (line) => void said.err.push(line),
      refuse: (line) => void said.refused.push(line),
    })
    await program.parseAsync(['node', 'portcullis', 'audit', ...args])
    return said
  }
  const linesIn = () => readFileSync(file, 'utf8').trimEnd().split('\n')

  test('a first checkpoint makes the key, and says who needs which half', async () => {
    const { out, err, refused } = await audit('checkpoint', file)
    expect([err, refused]).toEqual([[], []])
    expect(out.slice(-3)).toEqual([
      `Made the key ${file}.key. Give ${file}.key.pub to whoever shall check.`,
      expect.stringMatching(/^Checkpoint 1 added to .*, signed with SHA256:[\w+/]{43}\.$/),
      'The file is new. Copy it each time to where this machine cannot change it.',
    ])
    expect(JSON.parse(linesIn()[0] ?? '').ends).toHaveLength(2)
  })

  test('a later one is verified against those before, and has only what moved', async () => {
    await audit('checkpoint', file)
    await logs.append(id, 1)
    const { out } = await audit('checkpoint', file)
    expect(out.at(-1)).toMatch(/^Checkpoint 2 added/)
    expect(out.filter((it) => /, checkpoint at \d+ agrees\.$/.test(it))).toHaveLength(2)
    expect(JSON.parse(linesIn()[1] ?? '').ends).toMatchObject([{ organizationId: id }])
    const verified = await audit('verify', '--checkpoint', file, '--organization', id)
    expect(verified.out).toEqual([expect.stringMatching(/^ok .* Acme: \d+ events, checkpoint at \d+ agrees\.$/)])
  })

  test('none is added to a log that is broken', async () => {
    await audit('checkpoint', file)
    const restore = await logs.keep([id])
    await logs.tamper(sql`delete from audit_events where organization_id = ${id} and sequence = 2`)
    expect(await audit('checkpoint', file)).toMatchObject({ exitCode: 1, err: ['No checkpoint was added.'] })
    expect(linesIn()).toHaveLength(1)
    const another = join(folder, 'another')
    await audit('checkpoint', another)
    expect([existsSync(another), existsSync(`${another}.key`)]).toEqual([false, false])
    await restore()
  })

  test('a file that cannot be believed is refused before anything is asked, and nothing is added to it', async () => {
    await audit('checkpoint', file)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/"sequence":\d+/, '"sequence":1'))
    const commands = [
      ['checkpoint', file],
      ['verify', '--checkpoint', file],
      ['retain', '--before', '2020-01-01', '--checkpoint', file],
    ]
    for (const args of commands)
      expect(await audit(...args)).toMatchObject({
        out: [],
        refused: [`${file}: line 1 is not what was signed: it was altered. Nothing in this file can be relied upon.`],
      })
    expect(readFileSync(file, 'utf8')).not.toBe(text)
  })

  test('a file whose key is missing, open to others, or another one, is not added to', async () => {
    await audit('checkpoint', file)
    const other = join(folder, 'other')
    await audit('checkpoint', other)
    const withOther = await audit('checkpoint', file, '--key', `${other}.key`)
    expect(withOther).toMatchObject({ out: [], refused: [expect.stringContaining('was signed with another key')] })
    chmodSync(`${file}.key`, 0o644)
    expect((await audit('checkpoint', file)).refused).toEqual([expect.stringContaining('can be read by others')])
    rmSync(`${file}.key`)
    expect((await audit('checkpoint', file)).refused).toEqual([expect.stringMatching(/\.key cannot be read: ENOENT/)])
    expect(linesIn()).toHaveLength(1)
  })

  test('the public key may lie elsewhere, and must be the one that signed', async () => {
    await audit('checkpoint', file, '--key', join(folder, 'kept', '..', 'mine'))
    const mine = join(folder, 'mine.pub')
    expect((await audit('verify', '--checkpoint', file)).refused).toEqual([expect.stringContaining('.key.pub cannot')])
    expect((await audit('verify', '--checkpoint', file, '--public-key', mine)).refused).toEqual([])
    const other = join(folder, 'other')
    await audit('checkpoint', other)
    const asked = await audit('verify', '--checkpoint', file, '--public-key', `${other}.key.pub`)
    expect(asked.refused).toEqual([expect.stringContaining('line 1 was signed with another key')])
  })

  test('what the database says now is compared with what was signed', async () => {
    await audit('checkpoint', file)
    const ends = [{ organizationId: id, sequence: 2, hash: 'f'.repeat(64) }]
    const key = createPrivateKey(readFileSync(`${file}.key`))
    rmSync(file)
    addCheckpoint(file, { lines: [], checkpoints: [] }, { ends, key, time: new Date(0) })
    const { out, exitCode } = await audit('verify', '--checkpoint', file, '--organization', id)
    expect([exitCode, out[0]]).toEqual([1, expect.stringMatching(/event 2: the chain was rewritten/)])
  })

  test('old events go up to the checkpoint, a dry run first', async () => {
    await audit('checkpoint', file)
    await logs.append(id, 3)
    app.clock.now = new Date(app.clock.now.getTime() + 60_000)
    const retain = ['retain', '--before', app.clock.now.toISOString(), '--checkpoint', file, '--organization', id]
    const planned = await audit(...retain, '--dry-run')
    expect(planned.out).toEqual([expect.stringMatching(/^to cut {2}.*: \d+ events, up to event \d+\.$/)])
    const upTo = JSON.parse(linesIn()[0] ?? '').ends.find((it: { organizationId: string }) => it.organizationId === id)
    const { out } = await audit(...retain)
    expect(out).toEqual([expect.stringMatching(new RegExp(`^cut .* up to event ${upTo.sequence}, recorded as event`))])
    expect((await audit('verify', '--checkpoint', file)).exitCode).toBe(0)
    expect((await audit('checkpoint', file)).out.at(-1)).toMatch(/^Checkpoint 2 added/)
  })
})
