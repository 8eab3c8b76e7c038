import { createOperatorAuthority } from '../src/db/authority.ts'
import { type By, createChange, type Database, type Forget } from '../src/db/change.ts'
import { createActorCheck } from '../src/features/authorization/actions.ts'
import type { World } from '../src/kernel/deps.ts'

const now = () => new Date()
/** The real check, for tests whose changes are made by an operator or a job: no external token is ever judged. */
const actorCheck = createActorCheck({
  now,
  sessionNow: now,
  keys: { of: () => undefined, status: () => ({ fetchedAtMs: undefined, count: 0, lastError: null }) },
})

/** `change` on a database of its own, without the rest of the app. */
export const changeOn = (
  db: Database,
  newId: World['newId'],
  publish: (forget: readonly Forget[]) => void = () => undefined,
) => createChange({ db, newId, actorCheck, publish })

/** Whoever runs the instance, by no request. */
export const operatorOrigin: Omit<By<ReturnType<typeof createOperatorAuthority>>, 'organizationId' | 'at'> = {
  actor: { kind: 'operator', id: null, name: 'Test' },
  authority: createOperatorAuthority(),
  ip: null,
  userAgent: null,
  requestId: null,
}
