import { ok, type Result, refuse } from '../../kernel/result.ts'

/** Which account has which subject at one provider (E3). */
export interface Mapped {
  accountId: string
  subject: string
}

/** E3: an account has one mapping per provider, and a subject is one account's there; subjects are compared exactly. */
export function mayMap(wanted: Mapped, present: readonly Mapped[]): Result<void, 'mapping_exists' | 'subject_taken'> {
  if (present.some((it) => it.accountId === wanted.accountId))
    return refuse('mapping_exists', { detail: 'Delete the mapping of this account at this provider first.' })
  if (present.some((it) => it.subject === wanted.subject))
    return refuse('subject_taken', { detail: 'Another account has this subject at this provider.' })
  return ok(undefined)
}
