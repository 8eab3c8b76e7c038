import { readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { sql } from 'kysely'
import { beforeAll, expect, test, vi } from 'vitest'
import { readExport, verifyExport, writeExport } from '../src/cli/export-file.ts'
import { dump } from '../src/db/dump.ts'
import { load } from '../src/db/load.ts'
import { describeOnBoth, openTestDatabase, type TestDatabase } from './databases.ts'
import { type Harness, harness } from './harness.ts'
import { newFile, rowsOfAll, runCommand } from './instance-files.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** Another file with the text of this one changed. */
function changed(file: string, change: (text: string) => string): string {
  const other = newFile()
  writeFileSync(other, change(readFileSync(file, 'utf8')))
  return other
}

const withHash = async (file: string, change: (text: string) => string) => {
  const { hash } = await import('node:crypto')
  return changed(file, (text) => {
    const lines = change(text).split('\n').slice(0, -2)
    const sha256 = hash('sha256', `${lines.join('\n')}\n`)
    return `${[...lines, JSON.stringify({ rows: lines.length - 1, sha256 })].join('\n')}\n`
  })
}

describeOnBoth('moving an instance', (open, kind) => {
  let database: TestDatabase
  let app: Harness
  let file: string
  beforeAll(async () => {
    database = await open()
    app = await harness(database)
    const { admin, newToken } = await app.newOrganization()
    await newToken(admin)
    file = newFile()
    expect((await runCommand(app, database, 'export', { file })).exitCode).toBe(0)
  })

  test('1: a file that is there already stays as it is, and nothing is left beside it', async () => {
    const there = newFile()
    writeFileSync(there, 'mine')
    const { exitCode, text } = await runCommand(app, database, 'export', { file: there })
    expect({ exitCode, text }).toEqual({ exitCode: 1, text: expect.stringContaining('There is a file already') })
    expect(readFileSync(there, 'utf8')).toBe('mine')
    const nowhere = await runCommand(app, database, 'export', { file: '/nonexistent/file' })
    expect(nowhere).toEqual({ exitCode: 1, text: expect.stringMatching(/cannot be used \(open: ENOENT\)\.$/) })
    expect(await runCommand(app, database, 'export', { file: 'relative' })).toMatchObject({ exitCode: 2 })
    expect((await readdir(dirname(there))).filter((it) => it.endsWith('.partial'))).toEqual([])
  })

  test('an export that fails amid its rows leaves no file, and the copies in the database are gone', async () => {
    const half = newFile()
    const failing = dump(kind, database.owner, (snapshot) => {
      const rowsOf = async function* (table: string) {
        yield* snapshot.rowsOf(table)
        if (table === 'accounts') throw new Error('the disk is full')
      }
      return writeExport(half, { ...snapshot, rowsOf }, new Date())
    })
    await expect(failing).rejects.toThrow('the disk is full')
    expect((await readdir(dirname(half))).filter((it) => it === basename(half) || it.endsWith('.partial'))).toEqual([])
    const copies = await sql`select relname from pg_class where relname like 'exported%'`.execute(database.owner)
    expect(copies.rows).toEqual([])
  })

  test('1: truncated, edited, of a newer version, or no export at all: nothing is imported', async () => {
    const target = await openTestDatabase(kind)
    const empty = await harness(target)
    // The catalogue that the instance itself published.
    const before = await rowsOfAll(target)
    const told = async (it: string) => {
      const { exitCode, text } = await runCommand(empty, target, 'import', { file: it })
      expect(exitCode).toBe(1)
      return text.replace(it, 'FILE')
    }
    const lastLine = /[^\n]*\n$/
    const broken = 'Nothing was imported: FILE is not a whole export; '
    expect(await told(changed(file, (text) => text.slice(0, text.length / 2)))).toBe(
      `${broken}its last line is not whole.`,
    )
    expect(await told(changed(file, (text) => text.replace(lastLine, '')))).toBe(`${broken}its end is missing.`)
    expect(await told(changed(file, (text) => text.replace('"Acme"', '"Acne"')))).toContain('its hash is another one')
    expect(await told(changed(file, (text) => text.replaceAll('\n', '\r\n')))).toContain(broken)
    expect(await told(changed(file, (text) => text.replace(/\{"table":"tokens".*\n/, '')))).toContain('its hash')
    expect(await told(changed(file, (text) => `${text}${text}`))).toBe(`${broken}something follows after its end.`)
    expect(await told(changed(file, () => '{"some": "json"}\n'))).toContain('it does not begin as an export')
    expect(await told(await withHash(file, (text) => text.replace('"001-first"', '"001-first","999-later"')))).toBe(
      'Nothing was imported: the export is of a newer version (999-later). Import it with that version or a later one.',
    )
    expect(await told(await withHash(file, (text) => text.replace('"slug"', '"slugs"')))).toContain(
      'organizations.slugs',
    )
    expect(await told(await withHash(file, (text) => text.replace(/\{"table":"tokens".*\n/, '')))).toMatch(
      /foreign key|promises 1 rows of tokens and has 0/,
    )
    expect(await told('/nonexistent')).toBe('Nothing was imported: FILE cannot be used (open: ENOENT).')
    expect(await rowsOfAll(target)).toEqual(before)
    expect(await runCommand(empty, target, 'import', { file })).toMatchObject({ exitCode: 0 })
    await target.drop()
  })

  test('a fault amid the import leaves nothing, and the same file is imported afterwards', async () => {
    const target = await openTestDatabase(kind)
    const header = await verifyExport(file)
    const failing = async function* () {
      for await (const batch of readExport(file, () => undefined)) {
        yield batch
        if (batch.table === 'tokens') throw new Error('the power is gone')
      }
    }
    await expect(load(target.owner, header, failing())).rejects.toThrow('the power is gone')
    expect(Object.values(await rowsOfAll(target)).flat()).toEqual([])
    await load(
      target.owner,
      header,
      readExport(file, () => undefined),
    )
    expect(await rowsOfAll(target)).toEqual(await rowsOfAll(database))
    await target.drop()
  })

  test('amid changes: what was exported is one moment, its chains are whole and nothing refers to what is not there', async () => {
    const { admin, newToken, newGroup, path } = await app.newOrganization()
    let made = 0
    let going = true
    const changing = async () => {
      while (going) {
        const token = await newToken(admin)
        await newGroup([admin.accountId])
        await app.call('DELETE', `${path}/tokens/${token.id}`, { as: admin })
        made += 1
      }
    }
    const busy = changing()
    await vi.waitUntil(() => made > 0, { timeout: 60_000 })
    const amid = newFile()
    expect((await runCommand(app, database, 'export', { file: amid })).exitCode).toBe(0)
    going = false
    await busy
    const target = await openTestDatabase(kind)
    const moved = await runCommand(await harness(target), target, 'import', { file: amid })
    expect(moved).toMatchObject({ exitCode: 0, text: expect.stringContaining('Every audit log is whole') })
    await target.drop()
  })
})
