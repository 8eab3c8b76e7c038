import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Reader } from './change.ts'

/** Rows of a question that the query builder says less clearly than SQL does; a Reader can only ask, never write. */
export const rowsOf = async <T>(db: Reader, query: RawBuilder<T>): Promise<T[]> => {
  const rows = await db.selectFrom(sql<T>`(${query})`.as('it')).selectAll('it').execute()
  return rows as Selectable<T>[] as T[]
}
