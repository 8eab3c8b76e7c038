import { execFile } from 'node:child_process'
import { Agent, type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ClusterProcess, main } from './cluster-process.ts'
import { newPostgresDatabase } from './databases.ts'
import { TcpProxy } from './tcp-proxy.ts'

export const resourceKey = 'resource-key-of-the-cluster-0123456789'
const email = 'ada@example.com'
const password = 'correct horse battery staple'

/** Where the processes of a cluster keep everything: what each is started with, and how it is let go. */
interface ClusterDatabase {
  url: string
  /** The owner's URL, when the service logs in as somebody else. */
  migrationUrl?: string
  drop: () => Promise<void>
}

export interface ClusterOptions {
  count?: number
  /** Left out: a database of its own on the tests' PostgreSQL, served by a login that owns nothing. */
  database?: ClusterDatabase
  /** The numbers of the processes that reach PostgreSQL through a wire of their own. */
  wired?: readonly number[]
  /** Modules that a process loads before anything else. */
  preload?: Readonly<Record<number, string>>
  env?: Readonly<Record<string, string>>
}

export interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the test is about.
  body: any
}

/** Of one organization, in which a test lowers the gate or revokes as it likes. */
export interface Tenant {
  id: string
  path: string
}

async function newDatabase(): Promise<ClusterDatabase> {
  const { url, appUrl, drop } = await newPostgresDatabase()
  return { url: appUrl, migrationUrl: url, drop }
}

/**
 * Real processes, started together, on one real PostgreSQL. Process 0 is the one that a test saves through by default
 * and has no wire, so that it can save whatever happens to the others.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const database = options.database ?? (await newDatabase())
  const processes = await Promise.all(
    Array.from({ length: options.count ?? 3 }, async (_, number) => {
      const wire = options.wired?.includes(number) ? await TcpProxy.open(database.url) : undefined
      const through = (url: string) => wire?.through(url) ?? url
      const env = {
        DATABASE_URL: through(database.url),
        ...(database.migrationUrl && { PORTCULLIS_MIGRATION_URL: through(database.migrationUrl) }),
        ...environment,
        ...options.env,
      }
      const preload = options.preload?.[number]
      return ClusterProcess.prepare({ env, wire, ...(preload && { preload }) })
    }),
  )
  const cluster = new Cluster(processes, database)
  try {
    await Promise.all(processes.map((it) => it.start()))
    await cluster.signIn()
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** One public address, as behind a proxy; sessions are made for it, whichever process answers. */
const publicUrl = 'http://localhost:3000'
const environment = {
  PORTCULLIS_URL: publicUrl,
  PORTCULLIS_SECRET: 'the-secret-of-the-cluster-0123456789-0123456789',
  PORTCULLIS_RESOURCE_KEY: resourceKey,
  PORTCULLIS_CHANGES_PER_MINUTE: '1000000',
  PORTCULLIS_ADMIN_EMAIL: email,
  PORTCULLIS_ADMIN_PASSWORD: password,
  PORTCULLIS_ORGANIZATION: 'Acme',
  LOG_LEVEL: 'error',
}

/** An HTTP request to this machine, with headers as they are sent; rejects when the connection breaks. */
export const exchange = (options: Omit<RequestOptions, 'host'>, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', ...options }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('error', reject)
      res.on('end', () => {
        const isJson = /[/+]json/.test(res.headers['content-type'] ?? '')
        const { statusCode: status = 0, headers } = res
        resolve({ status, headers, body: isJson && text !== '' ? JSON.parse(text) : text })
      })
    })
    req.on('error', reject)
    req.end(body)
  })

/** How the resource server asks about a token. */
export const introspectionHeaders = {
  authorization: `Bearer ${resourceKey}`,
  'content-type': 'application/x-www-form-urlencoded',
}

export class Cluster {
  readonly processes: readonly ClusterProcess[]
  readonly database: ClusterDatabase
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  #cookie = ''

  constructor(processes: readonly ClusterProcess[], database: ClusterDatabase) {
    this.processes = processes
    this.database = database
  }

  at(number: number): ClusterProcess {
    const it = this.processes[number]
    if (!it) throw new Error(`There is no process ${number}`)
    return it
  }

  /** An HTTP request to one process. */
  ask(number: number, method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    const { port } = this.at(number)
    return exchange({ port, method, path, headers, agent: this.#agent }, body)
  }

  /** What the admin's browser sends with every request. */
  get browser(): Record<string, string> {
    return { origin: publicUrl, host: 'localhost:3000', cookie: this.#cookie }
  }

  /** As the admin's browser asks; throws on a refusal. */
  async call(number: number, method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...this.browser, ...json, ...more }
    const answer = await this.ask(number, method, path, headers, body === undefined ? undefined : JSON.stringify(body))
    if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }

  async signIn(): Promise<void> {
    const { headers } = await this.call(0, 'POST', '/api/auth/sign-in/email', { email, password })
    this.#cookie = (headers['set-cookie'] as string[]).map((it) => it.split(';')[0]).join('; ')
  }

  /** The organization of the first start. */
  async tenant(): Promise<Tenant> {
    const { body } = await this.call(0, 'GET', '/api/v1/me')
    return tenantOf(body.organizations[0].id)
  }

  /** One more organization of the same admin, created by the command beside the running processes and accepted here. */
  async newTenant(name: string): Promise<Tenant> {
    const { url, migrationUrl } = this.database
    const env = { PATH: process.env.PATH, ...environment, DATABASE_URL: url, PORTCULLIS_MIGRATION_URL: migrationUrl }
    const command = [main, 'organization', 'create', '--name', name, '--admin-email', email, '--invite-existing']
    const { stdout } = await promisify(execFile)(process.execPath, command, { env })
    const [, secret] = /\/invitations\/(\S+)/.exec(stdout) ?? []
    await this.call(0, 'POST', `/api/v1/invitations/${secret}/accept`, {})
    return tenantOf(/org_\w+/.exec(stdout)?.[0] ?? '')
  }

  async newToken({ path }: Tenant, through = 0): Promise<{ id: string; secret: string }> {
    const { body } = await this.call(through, 'POST', `${path}/tokens`, { name: 'ci' })
    return { id: body.token.id, secret: body.secret }
  }

  /** Saves the gate through a process; resolves with the moment at which the answer was here. */
  async setGate({ path }: Tenant, creation: 'all' | 'none', through = 0): Promise<number> {
    const { headers } = await this.call(through, 'GET', `${path}/settings`)
    const match = { 'if-match': String(headers.etag) }
    await this.call(through, 'PUT', `${path}/settings`, { apiTokens: { creation } }, match)
    return performance.now()
  }

  /** Revokes through a process; resolves with the moment at which the answer was here. */
  async revoke({ path }: Tenant, tokenId: string, through = 0): Promise<number> {
    await this.call(through, 'DELETE', `${path}/tokens/${tokenId}`)
    return performance.now()
  }

  introspect(number: number, secret: string): Promise<Answer> {
    return this.ask(number, 'POST', '/oauth2/introspect', introspectionHeaders, `token=${secret}`)
  }

  /** A figure of `/metrics`. */
  async metric(number: number, name: string): Promise<number> {
    const { body } = await this.ask(number, 'GET', '/metrics', { authorization: `Bearer ${resourceKey}` })
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1])
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await Promise.all(this.processes.map((it) => it.close()))
    await this.database.drop()
  }
}

const tenantOf = (id: string): Tenant => ({ id, path: join('/api/v1/organizations', id) })
