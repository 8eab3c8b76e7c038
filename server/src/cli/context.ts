import { createChange, reader } from '../db/change.ts'
import { dump } from '../db/dump.ts'
import { inspect } from '../db/inspect.ts'
import { load } from '../db/load.ts'
import type { OpenDatabase } from '../db/open.ts'
import { cutLog } from '../features/audit/actions.ts'
import type { Wired } from '../wire.ts'
import type { CommandContext } from './command.ts'

/** A cut changes nothing that a process remembers. */
const nothingToForget = () => undefined

/** What commands may use. Only the operator sees all organizations and removes events, so those go by the owner's access. */
export const commandContext = (
  { deps, actorCheck, resetPassword }: Wired,
  opened: OpenDatabase,
  database: string,
): CommandContext => ({
  deps,
  database,
  resetPassword,
  // `opened.owner` throws where only the service's login is known, so it is read only by what needs it.
  inspect: () => inspect(opened.db, opened.owner),
  organizations: async () => opened.owner.selectFrom('organizations').select(['id', 'name']).orderBy('id').execute(),
  cutLog: async (request) =>
    cutLog(
      {
        now: deps.now,
        read: reader(opened.owner),
        change: createChange({ db: opened.owner, newId: deps.newId, actorCheck, publish: nothingToForget }),
        remove: (work) => opened.owner.transaction().execute(work),
      },
      request,
    ),
  endSessions: async () => {
    await opened.owner.deleteFrom('sessions').execute()
    await opened.owner.deleteFrom('verifications').execute()
  },
  dump: async (work) => dump(opened.kind, opened.owner, work),
  load: async (facts, batches) => load(opened.owner, facts, batches),
})
