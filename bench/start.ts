import { newFolder, type Postgres, removeFolder, startPortcullis } from './processes.ts'
import { median, type Row } from './table.ts'

async function readyMs(env: Record<string, string>, times: number): Promise<number> {
  // The first start makes what the others find.
  await (await startPortcullis(env)).stop()
  const taken: number[] = []
  for (let i = 0; i < times; i += 1) {
    const portcullis = await startPortcullis(env)
    taken.push(portcullis.readyMs)
    await portcullis.stop()
  }
  return median(taken)
}

const row = (where: string, figure: number, atMost: number): Row => ({
  what: 'cold start until ready',
  where: `portcullis start; ${where}`,
  figure,
  unit: 'ms',
  mark: { atMost },
  beside: 'an existing database',
  detail: 'from the start of the process to /readyz 200',
})

export async function startRows(postgres: Postgres, times: number): Promise<Row[]> {
  const dataFolder = newFolder()
  const embedded = await readyMs({ PORTCULLIS_DATA: dataFolder }, times)
  removeFolder(dataFolder)
  return [row('embedded', embedded, 2000), row('PostgreSQL', await readyMs(postgres.env, times), 1000)]
}
