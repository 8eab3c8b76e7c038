import { type OpenDatabase, openDatabase } from '../server/src/db/open.ts'
import { signIn } from './client.ts'
import { timeInTurns } from './compare.ts'
import { admin, newFolder, type Postgres, removeFolder, startPortcullis } from './processes.ts'
import { addOrganization, fillTokens } from './seed.ts'
import type { Row } from './table.ts'

const few = 1000

interface Place {
  name: string
  many: number
  env: Record<string, string>
  /** The database, while no server has it open where only one may. */
  open: () => Promise<OpenDatabase>
}

async function seed({ env, open, many }: Place): Promise<{ small: string; big: string }> {
  // The first start makes the schema, the first organization and its admin.
  await (await startPortcullis(env)).stop()
  const database = await open()
  const big = await addOrganization(database.owner, 'Big', admin.email)
  const small = await database.owner
    .selectFrom('organizations')
    .select('id')
    .where('name', '=', admin.organization)
    .executeTakeFirstOrThrow()
  await fillTokens(database.owner, small.id, few, 0)
  await fillTokens(database.owner, big, many, few * 10)
  await database.close()
  return { small: small.id, big }
}

async function rowsOf(place: Place, times: number): Promise<Row[]> {
  const { small, big } = await seed(place)
  const portcullis = await startPortcullis(place.env)
  const client = await signIn(portcullis.port)
  let lowered = false
  const saves = await timeInTurns(times, [
    () => {
      lowered = !lowered
      return client.save(small, lowered ? 'none' : 'all')
    },
    () => client.save(big, lowered ? 'none' : 'all'),
  ])
  for (const id of [small, big]) await client.save(id, 'all')
  const impacts = await timeInTurns(Math.ceil(times / 3), [() => client.impact(small), () => client.impact(big)])
  await portcullis.stop()
  const [saveSmall = Number.NaN, saveBig = Number.NaN] = saves
  const [impactSmall = Number.NaN, impactBig = Number.NaN] = impacts
  const count = place.many.toLocaleString('en')
  return [
    {
      what: `changing the setting with ${count} tokens`,
      where: `PUT settings; ${place.name}`,
      figure: saveBig / saveSmall,
      unit: '×',
      mark: { atMost: 1.5 },
      beside: 'with 1,000 tokens',
      detail: `${saveBig.toFixed(1)} ms beside ${saveSmall.toFixed(1)} ms`,
    },
    {
      what: `its impact with ${count} tokens`,
      where: `POST settings/impact; ${place.name}`,
      figure: impactBig,
      unit: 'ms',
      mark: { atMost: 500 },
      beside: 'half a second',
      detail: `with 1,000 tokens ${impactSmall.toFixed(1)} ms`,
    },
  ]
}

export async function postgresSettingsRows(postgres: Postgres, times: number, many = 1_000_000): Promise<Row[]> {
  const open = () => openDatabase({ databaseUrl: postgres.env.PORTCULLIS_MIGRATION_URL, dataFolder: '' })
  return rowsOf({ name: 'PostgreSQL', many, env: postgres.env, open }, times)
}

export async function embeddedSettingsRows(times: number, many = 100_000): Promise<Row[]> {
  const dataFolder = newFolder()
  const env = { PORTCULLIS_DATA: dataFolder }
  try {
    return await rowsOf({ name: 'embedded', many, env, open: () => openDatabase({ dataFolder }) }, times)
  } finally {
    removeFolder(dataFolder)
  }
}
