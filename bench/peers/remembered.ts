import { Memory, toEvidence } from '../../server/src/features/access/store.ts'

/** Fills the gate's memory and tells what a token costs there. Rows are made as the driver makes them: strings of their own. */
const tokens = Number(process.env.TOKENS ?? 100_000)
const perAccount = 100
const id = (prefix: string, number: number) => `${prefix}_01jd${String(number).padStart(22, '0')}`
const own = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

const row = (i: number) => ({
  token_id: own(id('tok', i)),
  organization_id: own(id('org', i % 10)),
  account_id: own(id('svc', Math.floor(i / perAccount))),
  issued_at: new Date(),
  expires_at: null,
  revoked: false,
  owner_removed: false,
  kind: 'service_account' as const,
  role: 'member' as const,
  name: own(`Service ${i}`),
  username: own(`Service ${i}`),
  groups: [],
  organization_role_ids: { admin: own(crypto.randomUUID()), member: own(crypto.randomUUID()) },
  creation: 'all' as const,
  suspend_outside_groups: false,
  selected: [],
})

const heap = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

let strings = 0
function show(memory: Memory, count: number) {
  for (let i = 0; i < count; i += 1) {
    const hash = own(String(i).padStart(43, 'h'))
    const evidence = toEvidence(row(i))
    memory.keep(hash, evidence)
    const { id: tokenId, accountId, organizationId } = evidence.token
    strings += hash.length + tokenId.length + accountId.length + organizationId.length
  }
}

// What the code itself takes once it runs is no token's.
show(new Memory(), 2000)
strings = 0
const memory = new Memory()
const before = heap()
show(memory, tokens)
// Of more than it may remember, memory keeps the last.
const heapPerToken = (heap() - before) / memory.size
process.send?.({ port: 0, heapPerToken, stringsPerToken: strings / tokens, tokens: memory.size })
process.on('disconnect', () => process.exit())
