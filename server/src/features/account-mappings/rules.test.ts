import { expect, test } from 'vitest'
import { type Mapped, mayMap } from './rules.ts'

const present: Mapped[] = [
  { accountId: 'svc_a', subject: 'Ada' },
  { accountId: 'svc_b', subject: 'bob' },
]

test.each([
  ['a new account with a new subject', { accountId: 'svc_c', subject: 'cyd' }, 'ok'],
  ['an account that has one, whatever the subject', { accountId: 'svc_a', subject: 'cyd' }, 'mapping_exists'],
  ['a subject that another account has', { accountId: 'svc_c', subject: 'bob' }, 'subject_taken'],
  ['both: the account is told of first', { accountId: 'svc_a', subject: 'bob' }, 'mapping_exists'],
  ['another case is another subject', { accountId: 'svc_c', subject: 'ada' }, 'ok'],
  ['another Unicode spelling, too', { accountId: 'svc_c', subject: 'ｂob' }, 'ok'],
])('E3: %s', (_name, wanted, expected) => {
  const may = mayMap(wanted, present)
  expect(may.ok ? 'ok' : may.code).toBe(expected)
})
