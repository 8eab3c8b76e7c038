import { startPostgres } from '../../server/test/databases-server.ts'

/**
 * A PostgreSQL out of npm packages in a temporary folder, in a process of its own: the package ends the process that it
 * runs in when a signal comes, and the servers are to stop before it. It ends with whoever started it.
 */
const postgres = await startPostgres(true)
process.send?.(postgres.url)

process.once('disconnect', async () => {
  await postgres.stop()
  process.exit(0)
})
