import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { commandContext } from '../src/cli/context.ts'
import { dispatch } from '../src/cli/dispatch.ts'
import { importAll } from '../src/cli/import.ts'
import { commands } from '../src/cli/registry.ts'
import { dump, takenTables } from '../src/db/dump.ts'
import type { OpenDatabase } from '../src/db/open.ts'
import type { Harness } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-export-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
let files = 0

/** A place for a file, where none is yet. */
export const newFile = (): string => join(folder, `${++files}.ndjson`)

/** Runs a command as an operator does; all that it printed, and how it ended. */
export async function runCommand(
  app: Harness,
  database: OpenDatabase,
  name: string,
  args: Record<string, unknown> = {},
): Promise<{ exitCode: number; text: string }> {
  const lines: string[] = []
  const context = commandContext(app, database, 'the database of the tests')
  const outcome = await dispatch([...commands, importAll], context, { name, args }, (it) => void lines.push(it))
  return { exitCode: outcome.exitCode, text: lines.join('\n') }
}

/** Every row of every table that an export takes, as text, sorted. */
export const rowsOfAll = ({ kind, owner }: OpenDatabase): Promise<Record<string, string[]>> =>
  dump(kind, owner, async ({ rowsOf }) => {
    const all: Record<string, string[]> = {}
    for (const { table } of takenTables) {
      all[table] = []
      for await (const rows of rowsOf(table)) all[table].push(...rows)
      all[table].sort()
    }
    return all
  })

/** What nobody reaches by a route without a provider on the network, or without waiting for a day: a row of each kind. */
export async function addRareRows({ owner }: OpenDatabase, of: { id: string; accountId: string; tokenId: string }) {
  const { id, accountId, tokenId } = of
  // Beyond JavaScript: numbers of 20 digits, microseconds, line ends of Unicode.
  const json = JSON.stringify(['api', '\u2028', '\u2029', '\r']).replace(']', ',12345678901234567890,1.50]')
  const at = '2026-02-03T04:05:06.123456Z'
  await sql`insert into oauth_providers values ('idp_1', ${id}, 'IdP', 'https://idp.example', 'https://idp.example/jwks',
    ${json}::jsonb, '["RS256"]', 'sub', 'scope', false, 30, 86400, true, ${at}::timestamptz)`.execute(owner)
  await sql`insert into provider_keys values ('idp_1', ${id}, 'https://idp.example/jwks', '{"keys": []}', ${at}::timestamptz, null)`.execute(
    owner,
  )
  await sql`insert into account_mappings values ('map_1', ${id}, 'idp_1', ${accountId}, 'sub\\ject"', 'x', ${at}::timestamptz)`.execute(
    owner,
  )
  await sql`insert into expiry_notices values (${tokenId}, ${id}, ${at}::timestamptz, 7, ${at}::timestamptz)`.execute(
    owner,
  )
  await sql`insert into expiry_digests values (${id}, '2026-02-03')`.execute(owner)
  await sql`insert into catalogues values (7, 'hash', ${at}::timestamptz)`.execute(owner)
  await sql`insert into preview_feedback values ('fbk_1', ${id}, 'x', ${accountId}, 'Zeile 1
Zeile 2 "水"', ${at}::timestamptz)`.execute(owner)
}

/** What the gate says of each of these secrets: `good`, or why not. */
export async function decisionsOf<T extends Record<string, string>>(
  app: Harness,
  secrets: T,
): Promise<Record<keyof T, string>> {
  const decided = await Promise.all(
    Object.entries(secrets).map(async ([name, secret]) => {
      const decision = await app.gate.decide(secret)
      return [name, decision.active ? 'good' : decision.reason]
    }),
  )
  return Object.fromEntries(decided)
}
