import { Writable } from 'node:stream'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Logger, pino } from 'pino'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { describeOnBoth, type TestDatabase } from './databases.ts'
import { type Answer, type Sent, send } from './fuzz-answer.ts'
import { type Operation, readDocument } from './fuzz-document.ts'
import type { Header } from './fuzz-headers.ts'
import { plansOf, sentOf } from './fuzz-request.ts'
import { openWorld, type World } from './fuzz-world.ts'
import { harness } from './harness.ts'

/*
 * Secrets are pushed through every route that the document knows: where they belong, so that they open what they open,
 * and where they do not. Then they are looked for wherever anything is kept or told. Free text is left out: whoever
 * writes a secret into a name has published it.
 */

/** As many requests of each operation as the fuzzing would send, most of them good. */
const plansEach = 8

/** Secrets of every kind, by the marks that the world fills in. */
const marks = [
  '⟦token:0⟧',
  '⟦forged-token:0⟧',
  '⟦jwt:0⟧',
  '⟦jwt:strange:0⟧',
  '⟦reset:0⟧',
  '⟦invitation:0⟧',
  '⟦setup:0⟧',
  '⟦resource-key:0⟧',
  '⟦backup-code:0⟧',
]
const together = marks.join('.')

const misplacedHeaders: readonly Header[][] = [
  [['Authorization', `Bearer ${together}`]],
  [['Authorization', `Basic ${together}`]],
  [['Authorization', together]],
  [['X-API-Key', together]],
  [['Cookie', `portcullis.session_token=${together}; other=${together}`]],
  [
    ['Authorization', 'Bearer ⟦token:0⟧'],
    ['Authorization', 'Bearer ⟦jwt:0⟧'],
  ],
  [
    ['Authorization', 'Bearer ⟦token:0⟧'],
    ['Cookie', '⟦cookie:admin:0⟧'],
    ['Origin', '⟦origin:0⟧'],
  ],
  [
    ['If-Match', `"${together}"`],
    ['IB-Context', together],
    ['X-Request-Id', together],
    ['Last-Event-ID', together],
    ['Cookie', '⟦cookie:admin:0⟧'],
    ['Origin', '⟦origin:0⟧'],
  ],
]

const misplacedBodies = [
  together,
  `{"password":"${together}","token":"${together}`,
  JSON.stringify({
    password: [together],
    token: { a: together },
    code: together,
    emails: [together],
    name: 1,
    [together.slice(0, 5)]: together,
  }),
  JSON.stringify([together]),
  `password=${together}&token=${together}&token=${together}`,
]

const asAdmin: readonly Header[] = [
  ['Cookie', '⟦cookie:admin:0⟧'],
  ['Origin', '⟦origin:0⟧'],
]

/** Everything that has a place for a secret, with secrets of the wrong kind there. */
function misplacedIn({ method, path, body }: Operation) {
  const usual = path.replace('{org}', '⟦own:org:0⟧').replace(/\{\w+\}/g, '⟦invitation:0⟧')
  const inBody = body ? misplacedBodies : []
  return [
    ...misplacedHeaders.map((headers) => ({ method, path: usual, query: '', headers, body: undefined })),
    ...inBody.flatMap((text) =>
      [body?.contentType ?? '', 'text/plain'].map((contentType) => ({
        method,
        path: usual,
        query: '',
        headers: asAdmin,
        body: { contentType, text },
      })),
    ),
    ...(path.includes('{') ? marks : []).map((mark) => ({
      method,
      path: path.replace(/\{\w+\}/g, mark),
      query: '',
      headers: asAdmin,
      body: undefined,
    })),
    {
      method,
      path: usual,
      query: `access_token=${together}&token=${together}&cursor=${together}&search=${together}&x=${together}`,
      headers: asAdmin,
      body: undefined,
    },
  ]
}

/** Every row of every table, as PostgreSQL writes it. */
async function dump({ owner }: TestDatabase): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(owner)
  const lines: string[] = []
  for (const { name } of tables) {
    const { rows } = await sql<{ line: string }>`select t::text as line from ${sql.raw(name)} t`.execute(owner)
    lines.push(...rows.map(({ line }) => `${name} ${line}`))
  }
  return lines.join('\n')
}

describeOnBoth('canaries', (open) => {
  let world: World
  let database: TestDatabase
  const log: string[] = []
  const refusals: string[] = []

  beforeAll(async () => {
    database = await open()
    // Without the list of names that the service's own log leaves out: nothing secret may be handed to it at all.
    const lines = new Writable({ write: (chunk, _, done) => void done(void log.push(String(chunk))) })
    world = await openWorld(database, pino({ level: 'trace' }, lines))
    const document = readDocument()
    const setUp = document.operations.filter(({ path }) => path.includes('/setup/'))
    await push(setUp)
    await world.renew()
    await push(document.operations.filter((it) => !setUp.includes(it)))
    await sendMails(pino({ level: 'trace' }, lines))
    return () => world.close()

    /** Links that left by mail, of an invitation and of a forgotten password, are secrets as those that are shown. */
    async function sendMails(mailLog: Logger) {
      const mailing = await harness(database, { mail: true, log: mailLog })
      const org = await mailing.newOrganization()
      const body = { emails: [mailing.newEmail()], role: 'member' }
      await mailing.call('POST', `${org.path}/invitations`, { as: org.admin, body })
      await mailing.call('POST', '/api/auth/request-password-reset', { body: { email: org.admin.email } })
      await vi.waitFor(() => expect(mailing.sent.length).toBe(2), 30_000)
      const links = mailing.sent.flatMap(({ text }) => [...text.matchAll(/(?:invitations\/|token=)([\w-]{20,})/g)])
      expect(links.length).toBe(2)
      for (const [, secret = ''] of links) world.secrets.note('invitation', secret)
    }

    async function push(operations: readonly Operation[]) {
      for (const operation of operations) {
        const plans = fc.sample(plansOf(operation, document), { seed: 1, numRuns: plansEach })
        for (const plan of [...plans, ...misplacedIn(operation)]) note(operation, await ask(await sentOf(world, plan)))
        await world.mend()
      }
    }
  }, 600_000)

  const ask = async (sent: Sent): Promise<Answer | undefined> => {
    // What is refused before it was read may end the connection.
    const answer = await send(world.port, sent).catch(() => undefined)
    if (answer && answer.status < 300) {
      const headers = new Headers(
        (answer.headers['set-cookie'] ?? []).map((it): [string, string] => ['set-cookie', it]),
      )
      world.collect(
        /^[[{]/.test(answer.text) ? JSON.parse(answer.text.split('\n')[0] ?? '') : undefined,
        'own',
        headers,
      )
    }
    return answer
  }

  const note = ({ id }: Operation, answer: Answer | undefined) => {
    // OFREP repeats the key that was asked for.
    if (answer && answer.status >= 400 && id !== 'evaluateFlag') refusals.push(`${id} ${answer.text}`)
  }

  /** Each text that holds a secret, cut to where it does. */
  const leaksIn = (texts: readonly string[]) =>
    texts.flatMap((text) => world.secrets.foundIn(text).map((it) => `${text.slice(0, 200)} … ${it}`)).slice(0, 20)

  test('there is something to look for, and somewhere to look', async () => {
    expect(world.secrets.size).toBeGreaterThan(50)
    expect(log.filter((it) => it.includes('"msg":"request"')).length).toBeGreaterThan(500)
    expect(refusals.length).toBeGreaterThan(500)
    expect(await world.exported('csv')).toContain('organization.created')
    const rows = await dump(database)
    for (const table of ['users', 'sessions', 'token_secrets', 'invitations', 'mails', 'audit_events', 'verifications'])
      expect(rows).toContain(`public.${table} (`)
  })

  describe('no secret', () => {
    test('is in a line of the log, at level trace', () => {
      expect(leaksIn(log)).toEqual([])
    })

    test('is in the body of a refusal', () => {
      expect(leaksIn(refusals)).toEqual([])
    })

    test('is in an export of the audit log', async () => {
      expect(leaksIn([await world.exported('csv'), await world.exported('ndjson')])).toEqual([])
    })

    test('is in a metric', async () => {
      expect(leaksIn([await world.metrics()])).toEqual([])
    })

    test('is in a column of a table', async () => {
      expect(leaksIn((await dump(database)).split('\n'))).toEqual([])
    })
  })
})
