import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sql } from 'kysely'
import { typeidUnboxed } from 'typeid-js'
import { describe, expect, test } from 'vitest'
import { FolderHeld, isHeld } from '../src/db/folder-lock.ts'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'
import { chainStart, faultOfLink } from '../src/features/audit/rules.ts'
import { readChainEnd, readLinks } from '../src/features/audit/store.ts'
import { type DatabaseKind, newDataFolder, newOrganization, newPostgresDatabase } from './databases.ts'
import { startPostgres } from './databases-server.ts'
import { changeOn, operatorOrigin } from './operator-change.ts'

const kills = 10

/** Starts the child that changes on and on, and resolves when `wanted` changes were acknowledged. */
async function runUntil(wanted: number, options: object, organizations: readonly string[], acknowledged: Set<string>) {
  const args = [join(import.meta.dirname, 'faults-child.ts'), JSON.stringify(options), JSON.stringify(organizations)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const enough = Promise.withResolvers<void>()
  let count = 0
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })
  lines.on('line', (line) => {
    if (line === 'ready') return
    acknowledged.add(line)
    count += 1
    if (count === wanted) enough.resolve()
  })
  const drained = once(lines, 'close')
  child.on('exit', (code) => enough.reject(new Error(`The child ended by itself with ${code}`)))
  await enough.promise
  return {
    pid: child.pid as number,
    kill: async () => {
      child.removeAllListeners('exit')
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      // What it wrote before it died is still in the pipe.
      await drained
    },
  }
}

/** Nothing acknowledged is missing, nothing is half done, and the chain of every organization is whole. */
async function verify(opened: OpenDatabase, organizations: readonly string[], acknowledged: ReadonlySet<string>) {
  const { owner } = opened
  const groups = await owner.selectFrom('groups').select('id').where('organization_id', 'in', organizations).execute()
  const ids = new Set(groups.map((it) => it.id))
  expect([...acknowledged].filter((id) => !ids.has(id))).toEqual([])
  const events = await owner
    .selectFrom('audit_events')
    .select('target_id')
    .where('organization_id', 'in', organizations)
    .execute()
  expect(events.map((it) => it.target_id).toSorted()).toEqual([...ids].toSorted())
  const feed = await sql<{
    number: number
    id: string
  }>`select number, forget->0->>'id' as id from feed order by 1`.execute(owner)
  expect(feed.rows.map((it) => it.id).toSorted()).toEqual([...ids].toSorted())
  const { head } = await owner.selectFrom('feed_head').select('head').executeTakeFirstOrThrow()
  expect(feed.rows.map((it) => it.number)).toEqual(Array.from({ length: head }, (_, n) => n + 1))
  for (const id of organizations) {
    let end = chainStart
    for (const link of await readLinks(owner, id, 0, 1_000_000)) {
      expect(faultOfLink(end, link)).toBeUndefined()
      end = { sequence: link.record.sequence, hash: link.hash }
    }
    expect(await readChainEnd(owner, id)).toEqual(end)
  }
}

async function prepare(kind: DatabaseKind) {
  const database = kind === 'postgres' ? await newPostgresDatabase() : undefined
  const options = database ? { databaseUrl: database.url, dataFolder: '' } : { dataFolder: newDataFolder() }
  const opened = await openDatabase(options)
  const organizations = [await newOrganization(opened), await newOrganization(opened), await newOrganization(opened)]
  await opened.close()
  return { options, organizations: organizations.map((it) => it.id), drop: async () => database?.drop() }
}

describe.each(['embedded', 'postgres'] as const)('kill -9 of the process [%s]', (kind) => {
  test(`${kills} times amid parallel changes: nothing acknowledged is missing, no change is without its event`, async () => {
    const { options, organizations, drop } = await prepare(kind)
    const acknowledged = new Set<string>()
    for (let kill = 0; kill < kills; kill += 1) {
      // Each start takes the folder over at once, or the child would end by itself.
      const child = await runUntil(20 + kill * 7, options, organizations, acknowledged)
      await child.kill()
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 20)
    const opened = await openDatabase(options)
    await verify(opened, organizations, acknowledged)
    await opened.close()
    await drop()
  }, 300_000)
})

describe('the embedded folder', () => {
  test('belongs to one process as long as that lives, and to nobody afterwards', async () => {
    const { options, organizations } = await prepare('embedded')
    expect(await isHeld(options.dataFolder)).toBe(false)
    const child = await runUntil(1, options, organizations, new Set())
    expect(await isHeld(options.dataFolder)).toBe(true)
    const second = openDatabase(options)
    await expect(second).rejects.toBeInstanceOf(FolderHeld)
    await expect(second).rejects.toThrow(`the process ${child.pid}`)
    expect(await isHeld(options.dataFolder)).toBe(true)
    await child.kill()
    expect(await isHeld(options.dataFolder)).toBe(false)
    await (await openDatabase(options)).close()
  }, 120_000)
})

describe('kill -9 of PostgreSQL', () => {
  test('amid parallel changes: nothing acknowledged is missing, and the process heals by itself', async () => {
    const server = await startPostgres(true)
    const opened = await openDatabase({ databaseUrl: server.url, dataFolder: '' })
    const organizations = [await newOrganization(opened), await newOrganization(opened)].map((it) => it.id)
    const change = changeOn(opened.db, typeidUnboxed)
    const acknowledged = new Set<string>()
    const changeUntilFailure = async (organizationId: string, failing: (count: number) => void): Promise<void> => {
      for (;;) {
        const id = typeidUnboxed('grp')
        const by = { ...operatorOrigin, organizationId, at: new Date() }
        const group = {
          id,
          organization_id: organizationId,
          name: id,
          name_key: id,
          description: '',
          created_at: by.at,
        }
        const result = await change(by, async (tx) => {
          await tx.insertInto('groups').values(group).execute()
          const events = [{ action: 'group.created', target: { kind: 'group', id, name: id } }] as const
          return { ok: true, value: id, events, forget: [{ kind: 'organization', id }] }
        }).catch(() => undefined)
        if (!result) return
        acknowledged.add(id)
        failing(acknowledged.size)
      }
    }
    const lanes = [...organizations, ...organizations]
    for (const round of [1, 2, 3]) {
      const goal = acknowledged.size + 25 * round
      await Promise.all(
        lanes.map((id) =>
          changeUntilFailure(id, (count) => {
            if (count === goal) void server.kill()
          }),
        ),
      )
      await server.restart()
    }
    await verify(opened, organizations, acknowledged)
    await opened.close()
    await server.stop()
  }, 120_000)
})
