import { Agent } from 'node:http'
import { type Answer, exchange, introspectionHeaders, resourceKey } from './cluster.ts'
import { ClusterProcess } from './cluster-process.ts'

const email = 'ada@example.com'
const password = 'correct horse battery staple'

/** Where a server keeps everything. */
export interface Place {
  dataFolder: string
  databaseUrl?: string
}

/** The product itself with one admin who is signed in, as an operator starts it; to be hurt. */
export class Site {
  readonly process: ClusterProcess
  readonly #agent = new Agent({ keepAlive: true })
  #cookie = ''
  organization = ''
  accountId = ''

  private constructor(process: ClusterProcess) {
    this.process = process
  }

  /** A server that is not started yet. */
  static async prepare({ dataFolder, databaseUrl }: Place): Promise<Site> {
    const env = {
      PORTCULLIS_DATA: dataFolder,
      PORTCULLIS_URL: 'http://localhost:3000',
      PORTCULLIS_ADMIN_EMAIL: email,
      PORTCULLIS_ADMIN_PASSWORD: password,
      PORTCULLIS_ORGANIZATION: 'Acme',
      PORTCULLIS_SECRET: 'a-secret-of-thirty-two-or-more-characters',
      PORTCULLIS_RESOURCE_KEY: resourceKey,
      PORTCULLIS_CHANGES_PER_MINUTE: '1000000',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    }
    return new Site(await ClusterProcess.prepare({ env, wire: undefined }))
  }

  static async start(place: Place): Promise<Site> {
    const site = await Site.prepare(place)
    await site.process.start()
    await site.signIn()
    return site
  }

  async signIn(): Promise<void> {
    const { headers } = await this.ask('POST', '/api/auth/sign-in/email', { email, password })
    this.#cookie = (headers['set-cookie'] as string[]).map((it) => it.split(';')[0]).join('; ')
    const { body } = await this.ask('GET', '/api/v1/me')
    const [{ id, accountId }] = body.organizations
    this.organization = id
    this.accountId = accountId
  }

  /** As the admin's browser asks; rejects when the connection breaks. */
  ask(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const browser = { origin: 'http://localhost:3000', host: 'localhost:3000', cookie: this.#cookie }
    const options = {
      port: this.process.port,
      agent: this.#agent,
      method,
      path,
      headers: { ...browser, ...json, ...more },
    }
    return exchange(options, body === undefined ? undefined : JSON.stringify(body))
  }

  /** The same of this organization. */
  inside(method: string, path: string, body?: unknown, more?: Record<string, string>): Promise<Answer> {
    return this.ask(method, `/api/v1/organizations/${this.organization}${path}`, body, more)
  }

  /** How the gate decides about a secret. */
  async decision(secret: string): Promise<'accepted' | 'refused' | 'unavailable'> {
    const { port } = this.process
    const question = {
      port,
      agent: this.#agent,
      method: 'POST',
      path: '/oauth2/introspect',
      headers: introspectionHeaders,
    }
    const { status, body } = await exchange(question, `token=${secret}`)
    if (status === 503) return 'unavailable'
    if (status !== 200) throw new Error(`The gate answered ${status} ${JSON.stringify(body)}`)
    return body.active ? 'accepted' : 'refused'
  }

  /** What `/readyz` waits for; nothing when it is ready. */
  async waitsFor(): Promise<string[]> {
    const { status, body } = await this.ask('GET', '/readyz')
    return status === 200 ? [] : body.waitsFor
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await this.process.close()
  }
}
