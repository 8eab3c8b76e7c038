import { adminResetPassword } from './admin-reset-password.ts'
import { auditRetain } from './audit-retain.ts'
import { auditVerify } from './audit-verify.ts'
import { databaseInspect } from './database-inspect.ts'
import { exportAll } from './export.ts'
import { feedbackList } from './feedback-list.ts'
import { organizationCreate, organizationInviteAdmin } from './organization-create.ts'
import { personCommands } from './person-commands.ts'
import { recoveryBegin, recoveryConfirm } from './recovery.ts'
import { recoveryApply } from './recovery-apply.ts'
import { recoveryList } from './recovery-list.ts'

/** Every command that works on the database, whichever way it is reached. */
export const commands = [
  organizationCreate,
  organizationInviteAdmin,
  adminResetPassword,
  ...personCommands,
  auditVerify,
  auditRetain,
  feedbackList,
  databaseInspect,
  exportAll,
  recoveryBegin,
  recoveryList,
  recoveryApply,
  recoveryConfirm,
]
