import { sql } from 'kysely'
import * as z from 'zod'
import type { By, Change, Database, Read, Writer } from '../src/db/change.ts'
import type { Deps } from '../src/db/deps.ts'
import { describeToken } from '../src/features/tokens/store.ts'
import { route } from '../src/http/route.ts'
import { ok, refuse } from '../src/kernel/result.ts'

/* Lines that must not compile. `npm run types` reads this file; nothing runs it. */

declare const db: Database
declare const by: By
declare const read: Read
declare const change: Change
declare const origin: Omit<By, 'authority'>
declare const deps: Deps
declare const tx: Writer

const description = { name: 'a', description: '' }

// @ts-expect-error a plain Database is not a Writer
describeToken(db, 'tok_1', description)

read('org_1', async (reader) => {
  // @ts-expect-error what reads cannot write
  await describeToken(reader, 'tok_1', description)
  // @ts-expect-error nor open a transaction
  reader.transaction()
  // @ts-expect-error nor run SQL of its own making
  await sql`delete from tokens`.execute(reader)
})

// @ts-expect-error an action holds no whole database
deps.db

// @ts-expect-error a change without its audit entry does not compile (A1)
change(by, async (writer) => {
  await describeToken(writer, 'tok_1', description)
  return { ok: true, value: 1, forget: [] }
})

// @ts-expect-error nor one whose list of entries is empty
change(by, async () => ({ ok: true, value: 1, events: [], forget: [] }))

// @ts-expect-error a change that does not say on whose authority it is made (A4)
change(origin, async () => refuse('not_found'))

// @ts-expect-error nor on that of an operator whom nobody made
change({ ...origin, authority: { kind: 'operator' } }, async () => refuse('not_found'))

const event = { action: 'token.updated', target: { kind: 'token', id: 'tok_1', name: 'a' } } as const

// @ts-expect-error nor one that does not say what to forget (P11)
change(by, async () => ({ ok: true, value: 1, events: [event] }))

// @ts-expect-error an action that the audit log does not know
change(by, async () => ({ ok: true, value: 1, events: [{ ...event, action: 'token.eaten' }], forget: [] }))

// @ts-expect-error a code that is not in the one table
refuse('oops') satisfies { code: keyof typeof import('../src/kernel/problems.ts').problems }

const declared = {
  id: 'x',
  method: 'post',
  path: '/x',
  summary: 'X',
  parameters: {},
  body: z.strictObject({ name: z.string() }),
  status: 200,
  reply: z.object({ id: z.string() }),
} as const

route({
  ...declared,
  who: 'anyone',
  problems: ['forbidden'],
  // @ts-expect-error a refusal that the route does not declare
  run: async () => refuse('not_found'),
})

// @ts-expect-error a route that forgets who may call it
route({ ...declared, problems: [], run: async () => ok({ id: '' }) })

// @ts-expect-error an answer that is not of the declared shape
route({ ...declared, who: 'anyone', problems: [], run: async () => ok({ name: '' }) })

route({
  ...declared,
  who: 'anyone',
  problems: [],
  // @ts-expect-error the body is typed from its shape
  run: async ({ body }) => ok({ id: body.nope }),
})

route({
  ...declared,
  who: 'signed_in',
  problems: [],
  // @ts-expect-error a route for any credential has no account of an organization
  run: async ({ caller }) => ok({ id: caller.accountId }),
})

// @ts-expect-error the query builder knows the schema: no such column
tx.selectFrom('tokens').select('secret')
