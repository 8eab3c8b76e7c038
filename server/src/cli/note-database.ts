import { type Config, describeDatabase } from '../config.ts'
import { writeMark } from '../db/data-folder.ts'

/**
 * An instance on PostgreSQL notes that in the data folder it was given, so that commands that lack its DATABASE_URL fail
 * there. Answers why it could not: a container may have no place to write to.
 */
export function noteDatabase(config: Config): Error | undefined {
  if (config.database.kind !== 'postgres' || !config.hasDataFolder) return undefined
  try {
    writeMark(config.dataFolder, describeDatabase(config))
    return undefined
  } catch (error) {
    return error as Error
  }
}
