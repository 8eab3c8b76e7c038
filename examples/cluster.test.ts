import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, exchange, introspectionHeaders, startCluster, type Tenant } from '../server/test/cluster.ts'
import { freePort } from '../server/test/cluster-process.ts'
import { isNginxInstalled, type Nginx, runNginx } from './cluster/nginx.ts'

interface Request {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** A client with one connection that it keeps, and a request at a time, until it is told to stop. */
class Load {
  readonly failures: string[] = []
  answered = 0
  #stopped = false
  readonly #lanes: Promise<void>[] = []

  add(port: number, request: Request): void {
    this.#lanes.push(this.#run(port, request))
  }

  async #run(port: number, { body, ...request }: Request): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#stopped) {
      const failure = await exchange({ port, agent, ...request }, body).then(
        (it) => (it.status < 300 ? undefined : `${it.status} ${JSON.stringify(it.body).slice(0, 200)}`),
        (error: Error) => error.message,
      )
      this.answered += 1
      if (failure) this.failures.push(`${request.method} ${request.path}: ${failure}`)
    }
    agent.destroy()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#lanes)
  }
}

const leftOut = isNginxInstalled() ? '' : ': LEFT OUT, nginx is not installed here'
describe.skipIf(leftOut)(`three processes behind nginx${leftOut}`, () => {
  let cluster: Cluster
  let tenant: Tenant
  let nginx: Nginx
  let port: number
  beforeAll(async () => {
    cluster = await startCluster({ env: { PORTCULLIS_TRUSTED_PROXIES: '127.0.0.1' } })
    tenant = await cluster.tenant()
    port = await freePort()
    nginx = await runNginx(
      port,
      cluster.processes.map((it) => it.port),
    )
  })
  afterAll(async () => {
    await nginx?.stop()
    await cluster?.close()
  })

  test('a rolling restart under load loses no request', async () => {
    const { secret } = await cluster.newToken(tenant)
    const introspection = { method: 'POST', path: '/oauth2/introspect', headers: introspectionHeaders }
    const read = { method: 'GET', path: `${tenant.path}/settings`, headers: cluster.browser }
    const headers = { ...cluster.browser, 'content-type': 'application/json' }
    const write = { method: 'POST', path: `${tenant.path}/tokens`, headers, body: JSON.stringify({ name: 'ci' }) }
    const load = new Load()
    for (let n = 0; n < 4; n += 1) load.add(port, { ...introspection, body: `token=${secret}` })
    for (let n = 0; n < 2; n += 1) for (const it of [read, write]) load.add(port, it)
    for (const it of cluster.processes) {
      // 0 is the code of a process that came to its end within its ten seconds.
      expect(await it.stop()).toBe(0)
      await it.start()
    }
    await load.stop()
    expect(load.answered).toBeGreaterThan(100)
    expect(load.failures).toEqual([])
    for (const it of cluster.processes.keys()) expect((await cluster.introspect(it, secret)).body.active).toBe(true)
  }, 240_000)

  test('a stream of changes passes as it comes', async () => {
    const reply = await fetch(`http://127.0.0.1:${port}/v1/changes`, { headers: introspectionHeaders })
    expect(reply.headers.get('content-type')).toBe('text/event-stream')
    const reader = (reply.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader.read()).value ?? ''
    }
    await until('"forget":"everything"')
    await cluster.setGate(tenant, 'none')
    await until(`"id":"${tenant.id}"`)
    await reader.cancel()
  })
})
