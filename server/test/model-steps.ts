import fc from 'fast-check'

export const people = 3
export const services = 2
const groupCount = 3

const account = fc.nat(people + services - 1)
const any = fc.nat(1000)
const days = fc.constantFrom(null, 0, 1, 7, 30)
const groups = fc.subarray([0, 1, 2])
const setting = fc.oneof(
  fc.record({ creation: fc.constantFrom('all' as const, 'none' as const), groups, suspendOutside: fc.boolean() }),
  fc.record({
    creation: fc.constant('groups' as const),
    groups: fc.subarray([0, 1, 2], { minLength: 1 }),
    suspendOutside: fc.boolean(),
  }),
)
const role = fc.constantFrom('admin' as const, 'member' as const)

/** Anything that an admin, a member, a token or time can do. */
export const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('create' as const), by: any, owner: account, days }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('refresh' as const), by: any, token: any, days }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), by: any, token: any }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.constantFrom(1, 3, 10, 40) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), by: any, setting }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      account,
      group: fc.nat(groupCount - 1),
      isIn: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('role' as const), account, role }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), account }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('issue' as const),
      subject: account,
      key: fc.nat(1),
      days: fc.constantFrom(1, 5, 30),
      scope: fc.constantFrom(undefined, 'admin' as const, 'member' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('map' as const), account, isMapped: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('provide' as const), enabled: fc.boolean(), requiresScope: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('publish' as const), keys: fc.subarray([0, 1]) }) },
)
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
