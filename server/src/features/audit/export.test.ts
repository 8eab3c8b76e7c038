import { expect, test } from 'vitest'
import type { Deps } from '../../db/deps.ts'
import { Overload } from '../../db/fair-queue.ts'
import type { Caller } from '../accounts/rules.ts'
import { exportEvents } from './actions.ts'

test('an export that may not read is refused as any other question, and begins no file', async () => {
  const deps = { read: () => Promise.reject(new Overload('flow')) } as unknown as Deps
  const caller = { organizationId: 'org_01jd7z0000e1a8m3r5t7v9x1z3' } as Caller
  const begun = async () => exportEvents(deps, caller, {}, { head: 'a head\n', line: () => '' })
  await expect(begun()).rejects.toBeInstanceOf(Overload)
})
