import * as z from 'zod'
import { command } from './command.ts'

/** Doctor's question to a running instance, since the embedded database answers its own process alone. */
export const databaseInspect = command({
  name: 'database-inspect',
  args: z.strictObject({}),
  run: async ({ inspect }) => ({ exitCode: 0, value: await inspect() }),
})
