import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OFREPWebProvider, type OFREPWebProviderOptions } from '@openfeature/ofrep-web-provider'
import { OpenFeature as ServerSdk } from '@openfeature/server-sdk'
import { type Client, type Provider, ProviderEvents, OpenFeature as WebSdk } from '@openfeature/web-sdk'
import { EventSource } from 'eventsource'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../src/db/open.ts'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness, resourceKey } from './harness.ts'
import { listen } from './listen.ts'
import { bulkSuccess } from './ofrep-schema.ts'

/** What browsers have and the web provider looks for; tells when the stream of the last client is open. */
let connected = Promise.resolve()
class WatchedEventSource extends EventSource {
  constructor(url: string) {
    super(url)
    connected = new Promise((resolve) => this.addEventListener('open', () => resolve(), { once: true }))
  }
}
Object.assign(globalThis, { EventSource: WatchedEventSource })

const catalogueText = (names: Record<string, string> = {}) => `
features:
  - key: dark-mode
    name: ${names['dark-mode'] ?? 'Dark mode'}
    description: The console in the dark.
    stage: public_preview
    documentation: https://docs.example/dark
    feedback: https://feedback.example/dark
    since: 2026-01-02
    plannedEnd: 2026-12-31
  - key: darker-mode
    name: Darker mode
    description: Even darker.
    stage: public_preview
    requires: [dark-mode]
  - key: for-all
    name: For all
    description: It is there.
    stage: general_availability
  - key: gone
    name: Gone
    description: It is not there.
    stage: withdrawn
  - key: theirs
    name: Theirs
    description: For somebody else.
    stage: private_preview
    organizations: [somebody-else]
`

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const newDomain = () => randomBytes(6).toString('hex')

/** The next event of a kind; awaited, never slept for. */
const next = (client: Client, event: ProviderEvents) =>
  new Promise<{ flagsChanged?: string[] | undefined }>((resolve) => {
    const handler = (details?: object) => {
      client.removeHandler(event, handler)
      resolve(details ?? {})
    }
    client.addHandler(event, handler)
  })

describeOnBoth('the OpenFeature SDKs as they are published', (open, kind) => {
  let it: Harness
  let server: Awaited<ReturnType<typeof listen>>
  let folder: string
  let file: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-catalogue-'))
    file = join(folder, 'features.yaml')
    writeFileSync(file, catalogueText())
    const port = await freePort()
    it = await harness(await open(), { featuresFile: file, publicUrl: `http://127.0.0.1:${port}` })
    server = await listen(it, port)
  })
  afterAll(async () => {
    await server.close()
    await it.lease.close()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(async () => {
    await ServerSdk.clearProviders()
    await WebSdk.clearProviders()
  })

  type Organization = Awaited<ReturnType<Harness['newOrganization']>>

  const choose = async ({ path, admin }: Organization, enabled: string[], by = it) => {
    const etag = (await by.call('GET', `${path}/preview-features`, { as: admin })).headers.get('etag') ?? ''
    const saved = await by.call('PUT', `${path}/preview-features`, {
      as: admin,
      body: { enabled },
      headers: { 'if-match': etag },
    })
    if (saved.status !== 200) throw new Error(JSON.stringify(saved.body))
  }

  const serverClient = async (headers: [string, string][]) => {
    const domain = newDomain()
    await ServerSdk.setProviderAndWait(domain, new OFREPProvider({ baseUrl: server.url, headers }))
    return ServerSdk.getClient(domain)
  }
  const withKey: [string, string][] = [['Authorization', `Bearer ${resourceKey}`]]

  describeServerSdk()
  describeWebSdk()

  function describeServerSdk() {
    test('server SDK: values, reasons, variants and metadata, by id and by slug', async () => {
      const a = await it.newOrganization()
      await choose(a, ['dark-mode'])
      const client = await serverClient(withKey)
      const { slug } = (await it.call('GET', a.path, { as: a.admin })).body
      for (const organization of [a.id, slug]) {
        const details = await client.getBooleanDetails('dark-mode', false, { targetingKey: 'u', organization })
        expect(details).toMatchObject({ value: true, variant: 'on', reason: 'TARGETING_MATCH' })
        expect(details.errorCode).toBeUndefined()
      }
      const told = async (flag: string) => {
        const { value, variant, reason } = await client.getBooleanDetails(flag, flag !== 'for-all', {
          organization: a.id,
        })
        return [value, variant, reason]
      }
      expect(await told('darker-mode')).toEqual([false, 'off', 'STATIC'])
      expect(await told('for-all')).toEqual([true, 'on', 'STATIC'])
      expect(await told('gone')).toEqual([false, 'off', 'DISABLED'])
    })

    test('server SDK: a change is in the very next evaluation', async () => {
      const a = await it.newOrganization()
      const client = await serverClient(withKey)
      const value = () => client.getBooleanValue('dark-mode', false, { organization: a.id })
      expect(await value()).toBe(false)
      await choose(a, ['dark-mode'])
      expect(await value()).toBe(true)
      await choose(a, [])
      expect(await value()).toBe(false)
    })

    test('server SDK: unknown and hidden features, a missing organization and a bad key leave the default, with a code', async () => {
      const a = await it.newOrganization()
      const client = await serverClient(withKey)
      for (const flag of ['nothing', 'theirs', 'a/b?c']) {
        const details = await client.getBooleanDetails(flag, true, { organization: a.id })
        expect(details).toMatchObject({ value: true, reason: 'ERROR' })
      }
      expect(await client.getBooleanDetails('dark-mode', true, {})).toMatchObject({ value: true, reason: 'ERROR' })
      const stranger = await serverClient([['Authorization', 'Bearer nonsense']])
      expect(await stranger.getBooleanDetails('dark-mode', true, { organization: a.id })).toMatchObject({
        reason: 'ERROR',
      })
      expect(await client.getStringDetails('dark-mode', 'x', { organization: a.id })).toMatchObject({
        value: 'x',
        errorCode: 'TYPE_MISMATCH',
      })
    })

    test('server SDK: with a managed token the organization is its own, without any context', async () => {
      const [a, b] = [await it.newOrganization(), await it.newOrganization()]
      await choose(a, ['dark-mode'])
      const { secret } = await a.newToken()
      const client = await serverClient([['X-API-Key', secret]])
      expect(await client.getBooleanValue('dark-mode', false)).toBe(true)
      expect(await client.getBooleanValue('dark-mode', false, { organization: b.id })).toBe(true)
      await a.setCreation({ creation: 'none' })
      expect(await client.getBooleanDetails('dark-mode', false)).toMatchObject({ value: false, reason: 'ERROR' })
    })
  }

  /** A web client, and the answers that it got. */
  async function webClient(organizationId: string, headers = withKey, over: Partial<OFREPWebProviderOptions> = {}) {
    const domain = newDomain()
    const answers: { status: number; sent: Headers; url: string }[] = []
    const waiting = new Map<number, () => void>()
    /** Resolves with the next answer of this status. */
    const answered = (status: number) => new Promise<void>((resolve) => waiting.set(status, resolve))
    const fetchImplementation: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (input instanceof Request) answers.push({ status: response.status, sent: input.headers, url: input.url })
      waiting.get(response.status)?.()
      return response
    }
    const options = { baseUrl: server.url, headers, fetchImplementation, cacheMode: 'disabled', ...over } as const
    // Its optional members are declared without exactOptionalPropertyTypes.
    const provider = new OFREPWebProvider(options) as Provider
    await WebSdk.setContext(domain, { targetingKey: 'u', organization: organizationId })
    await WebSdk.setProviderAndWait(domain, provider)
    await connected
    return { client: WebSdk.getClient(domain), answers, answered, domain }
  }

  function describeWebSdk() {
    test('web SDK: all features at once, with everything that a tag shows', async () => {
      const a = await it.newOrganization()
      await choose(a, ['dark-mode', 'darker-mode'])
      const { client, answers } = await webClient(a.id)
      const details = client.getBooleanDetails('dark-mode', false)
      expect(details).toMatchObject({ value: true, variant: 'on', reason: 'TARGETING_MATCH' })
      expect(details.flagMetadata).toEqual({
        stage: 'public_preview',
        badge: 'Preview',
        title: 'Dark mode',
        docsUrl: 'https://docs.example/dark',
        feedbackUrl: 'https://feedback.example/dark',
        since: '2026-01-02',
        plannedEnd: '2026-12-31',
        flagSetId: a.id,
        version: expect.any(Number),
      })
      expect(client.getBooleanDetails('darker-mode', false).value).toBe(true)
      expect(client.getBooleanDetails('gone', true)).toMatchObject({ value: false, reason: 'DISABLED' })
      for (const flag of ['nothing', 'theirs'])
        expect(client.getBooleanDetails(flag, false)).toMatchObject({ value: false, errorCode: 'FLAG_NOT_FOUND' })
      expect(answers.map(({ status }) => status)).toEqual([200])
    })

    test('web SDK: nothing changed, 304 to its ETag; another organization, another answer', async () => {
      const [a, b] = [await it.newOrganization(), await it.newOrganization()]
      await choose(a, ['dark-mode'])
      const { client, answers, domain, answered } = await webClient(a.id, withKey, {
        changeDetection: 'polling',
        pollInterval: 20,
      })
      await answered(304)
      expect(answers[1]?.sent.get('if-none-match')).toMatch(/^"[^"]+"$/)
      expect(client.getBooleanDetails('dark-mode', false)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
      await WebSdk.setContext(domain, { targetingKey: 'somebody else', organization: b.id })
      expect(client.getBooleanValue('dark-mode', false)).toBe(false)
      await choose(b, ['dark-mode'])
      await next(client, ProviderEvents.ConfigurationChanged)
      expect(client.getBooleanValue('dark-mode', false)).toBe(true)
    })

    test('web SDK: a change arrives by the stream, there and nowhere else', async () => {
      const [a, b] = [await it.newOrganization(), await it.newOrganization()]
      const { client, answers } = await webClient(a.id)
      const other = await webClient(b.id)
      const changed = next(client, ProviderEvents.ConfigurationChanged)
      await choose(a, ['dark-mode'])
      expect((await changed).flagsChanged).toContain('dark-mode')
      expect(client.getBooleanValue('dark-mode', false)).toBe(true)
      expect(answers.at(-1)?.url).toContain('flagConfigEtag=')
      const again = next(client, ProviderEvents.ConfigurationChanged)
      await choose(a, [])
      await again
      expect(client.getBooleanValue('dark-mode', false)).toBe(false)
      expect(other.answers).toHaveLength(1)
    })

    test('web SDK: the settings of tokens are no change of features', async () => {
      const a = await it.newOrganization()
      const { client, answers } = await webClient(a.id)
      const changed = next(client, ProviderEvents.ConfigurationChanged)
      await a.setCreation({ creation: 'none' })
      await choose(a, ['dark-mode'])
      await changed
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    })

    test.runIf(kind === 'postgres')('web SDK: a change that another process saved arrives by the stream', async () => {
      const second = await openDatabase((await open()).options)
      const elsewhere = await harness({ ...(await open()), ...second }, { featuresFile: file, publicUrl: server.url })
      const a = await elsewhere.newOrganization()
      const { client } = await webClient(a.id)
      const changed = next(client, ProviderEvents.ConfigurationChanged)
      await choose(a, ['dark-mode'], elsewhere)
      await changed
      expect(client.getBooleanValue('dark-mode', false)).toBe(true)
      await elsewhere.close()
    })

    test('web SDK: a new catalogue arrives by the stream', async () => {
      const a = await it.newOrganization()
      const { client } = await webClient(a.id)
      const changed = next(client, ProviderEvents.ConfigurationChanged)
      writeFileSync(file, catalogueText({ 'dark-mode': 'Night mode' }))
      await it.catalogue.look()
      await changed
      expect(client.getBooleanDetails('dark-mode', false).flagMetadata.title).toBe('Night mode')
    })

    test('web SDK: with a bad key or an unknown organization it says so when it starts', async () => {
      const a = await it.newOrganization()
      await expect(webClient(a.id, [['Authorization', 'Bearer nonsense']])).rejects.toThrow()
      await expect(webClient('nobody')).rejects.toThrow()
    })

    test('a session asks for its own organization, valid by the protocol; versions never go back', async () => {
      const a = await it.newOrganization()
      const versions: number[] = []
      for (const enabled of [[], ['dark-mode'], ['dark-mode', 'darker-mode'], []]) {
        await choose(a, enabled)
        const answer = await server.call('POST', '/ofrep/v1/evaluate/flags', { as: a.admin, body: { context: {} } })
        versions.push(bulkSuccess.parse(answer.body).metadata?.version as number)
      }
      expect(versions).toEqual([...new Set(versions)].sort((x, y) => x - y))
    })
  }
})
