import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '../src/db/open.ts'
import { chainStart, faultOfLink } from '../src/features/audit/rules.ts'
import { readChainEnd, readLinks } from '../src/features/audit/store.ts'
import { type DatabaseKind, newDataFolder, newPostgresDatabase } from './databases.ts'

const kills = 10
const email = 'ada@example.com'
const password = 'correct horse battery staple'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The product itself, as an operator starts it, to be killed and started again. */
class Instance {
  readonly #environment: Record<string, string>
  readonly url: string
  #child: ChildProcess | undefined

  constructor(port: number, dataFolder: string, databaseUrl: string | undefined) {
    this.url = `http://localhost:${port}`
    this.#environment = {
      PORT: String(port),
      PORTCULLIS_DATA: dataFolder,
      PORTCULLIS_ADMIN_EMAIL: email,
      PORTCULLIS_ADMIN_PASSWORD: password,
      PORTCULLIS_ORGANIZATION: 'Acme',
      PORTCULLIS_SECRET: 'a-secret-of-thirty-two-or-more-characters',
      PORTCULLIS_RESOURCE_KEY: 'a-resource-key-of-thirty-two-or-more-characters',
      LOG_LEVEL: 'error',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    }
  }

  async start(): Promise<void> {
    const main = join(import.meta.dirname, '..', 'src', 'main.ts')
    const env = { PATH: process.env.PATH ?? '', ...this.#environment }
    const child = spawn(process.execPath, [main, 'start'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    this.#child = child
    while (!(await this.#ready())) {
      if (child.exitCode !== null) throw new Error(`It ended by itself: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #ready(): Promise<boolean> {
    return await fetch(`${this.url}/readyz`).then(
      (reply) => reply.ok,
      () => false,
    )
  }

  async kill(): Promise<void> {
    const child = this.#child as ChildProcess
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async call(method: string, path: string, body?: unknown, cookie?: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', origin: this.url, ...(cookie && { cookie }) }
    return fetch(`${this.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  }
}

async function signIn(instance: Instance): Promise<{ cookie: string; organization: string }> {
  const reply = await instance.call('POST', '/api/auth/sign-in/email', { email, password })
  expect(reply.status).toBe(200)
  const cookie = reply.headers
    .getSetCookie()
    .map((it) => it.split(';')[0])
    .join('; ')
  const me = (await (await instance.call('GET', '/api/v1/me', undefined, cookie)).json()) as {
    organizations: { id: string }[]
  }
  return { cookie, organization: me.organizations[0]?.id as string }
}

/** Creates tokens and groups in parallel until the connection breaks; what was answered is acknowledged. */
async function createUntilKilled(
  instance: Instance,
  path: string,
  cookie: string,
  done: (id: string) => void,
): Promise<void> {
  for (let n = 0; ; n += 1) {
    const isToken = n % 2 === 0
    const name = `${path.slice(-4)} ${Math.random()}`
    try {
      const reply = await instance.call('POST', `${path}/${isToken ? 'tokens' : 'groups'}`, { name }, cookie)
      const body = (await reply.json()) as { id: string; token: { id: string } }
      expect(reply.status, JSON.stringify(body)).toBe(201)
      done(isToken ? body.token.id : body.id)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return
    }
  }
}

/** Every acknowledged record is there, every record has its event, every event its record, and the chain is whole. */
async function verify(
  options: { dataFolder: string; databaseUrl?: string },
  organization: string,
  acknowledged: ReadonlySet<string>,
) {
  const opened = await openDatabase(options)
  const { owner } = opened
  const tokens = await owner.selectFrom('tokens').select('id').execute()
  const groups = await owner.selectFrom('groups').select('id').execute()
  const secrets = await owner.selectFrom('token_secrets').select('token_id').execute()
  const there = new Set([...tokens, ...groups].map((it) => it.id))
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([])
  expect(secrets.map((it) => it.token_id).toSorted()).toEqual(tokens.map((it) => it.id).toSorted())
  const events = await owner
    .selectFrom('audit_events')
    .select('target_id')
    .where('action', 'in', ['token.created', 'group.created'])
    .execute()
  expect(events.map((it) => it.target_id).toSorted()).toEqual([...there].toSorted())
  let end = chainStart
  for (const link of await readLinks(owner, organization, 0, 1_000_000)) {
    expect(faultOfLink(end, link)).toBeUndefined()
    end = { sequence: link.record.sequence, hash: link.hash }
  }
  expect(await readChainEnd(owner, organization)).toEqual(end)
  await opened.close()
}

test.each<DatabaseKind>(['embedded', 'postgres'])(
  `${kills} kill -9 of the server amid parallel requests: nothing that was answered is missing [%s]`,
  async (kind) => {
    const database = kind === 'postgres' ? await newPostgresDatabase() : undefined
    const dataFolder = database ? mkdtempSync(join(tmpdir(), 'portcullis-data-')) : newDataFolder()
    const instance = new Instance(await freePort(), dataFolder, database?.url)
    await instance.start()
    const { cookie, organization } = await signIn(instance)
    const acknowledged = new Set<string>()
    for (let kill = 1; kill <= kills; kill += 1) {
      const goal = acknowledged.size + 10 + kill * 3
      const enough = Promise.withResolvers<void>()
      const done = (id: string) => {
        acknowledged.add(id)
        if (acknowledged.size === goal) enough.resolve()
      }
      const lanes = [1, 2, 3, 4].map(() =>
        createUntilKilled(instance, `/api/v1/organizations/${organization}`, cookie, done),
      )
      await Promise.race([enough.promise, Promise.all(lanes)])
      await instance.kill()
      await Promise.all(lanes)
      await instance.start()
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 10)
    await instance.kill()
    await verify({ dataFolder, ...(database && { databaseUrl: database.url }) }, organization, acknowledged)
    await database?.drop()
  },
  600_000,
)
