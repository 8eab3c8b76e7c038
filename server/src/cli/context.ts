import { inspect } from '../db/inspect.ts'
import type { OpenDatabase } from '../db/open.ts'
import type { Wired } from '../wire.ts'
import type { CommandContext } from './command.ts'

/** What commands may use. Only the operator sees all organizations, so that goes by the owner's access. */
export const commandContext = ({ deps, resetPassword }: Wired, { db, owner }: OpenDatabase): CommandContext => ({
  deps,
  resetPassword,
  inspect: () => inspect(db, owner),
  organizations: () => owner.selectFrom('organizations').select(['id', 'name']).orderBy('id').execute(),
})
