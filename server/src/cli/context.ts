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
  { kind, db, owner }: OpenDatabase,
): CommandContext => ({
  deps,
  resetPassword,
  inspect: () => inspect(db, owner),
  organizations: () => owner.selectFrom('organizations').select(['id', 'name']).orderBy('id').execute(),
  cutLog: (request) =>
    cutLog(
      {
        now: deps.now,
        read: reader(owner),
        change: createChange({ db: owner, newId: deps.newId, actorCheck, publish: nothingToForget }),
        remove: (work) => owner.transaction().execute(work),
      },
      request,
    ),
  endSessions: async () => {
    await owner.deleteFrom('sessions').execute()
    await owner.deleteFrom('verifications').execute()
  },
  dump: (work) => dump(kind, owner, work),
  load: (facts, batches) => load(owner, facts, batches),
})
