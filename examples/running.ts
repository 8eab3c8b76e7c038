import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newDataFolder } from '../server/test/databases.ts'

const root = join(import.meta.dirname, '..')
const email = 'ada@example.com'
const password = 'correct horse battery staple'

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface Running {
  port: number
  stop: () => Promise<void>
}

/** Starts a program and waits until it answers HTTP on its port, however it answers. */
async function run(
  command: string,
  args: string[],
  port: number,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  await answers(child, port, '/readyz').catch((error: Error) => {
    child.kill('SIGKILL')
    throw new Error(`${command}: ${error.message}\n${said}`)
  })
  return { port, stop: () => ended(child) }
}

async function answers(child: ChildProcess, port: number, path: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    const status = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (it) => it.status,
      () => 0,
    )
    // Portcullis says 503 until it is ready; proxies say so while nobody is behind them, and that will do.
    if (status !== 0 && (status !== 503 || !child.spawnargs.includes('start'))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  return exit
}

/** Accepts every connection and never answers, like a frozen process. */
export async function runSilentServer(): Promise<Running> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    // A proxy may reset the connection when its timeout has passed.
    socket.on('error', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The tiny API, as an operator would run it. */
export async function runApi(): Promise<Running> {
  const port = await freePort()
  return run(process.execPath, [join(root, 'examples/api/api.ts')], port, {
    env: { ...process.env, PORT: String(port) },
  })
}

/** A host product's backend with a preview feature; `pages` is what was built of its page. */
export async function runBackend(portcullisUrl: string, resourceKey: string, pages: string): Promise<Running> {
  const port = await freePort()
  const env = { PORTCULLIS_URL: portcullisUrl, PORTCULLIS_RESOURCE_KEY: resourceKey, PAGES: pages }
  return run(process.execPath, [join(root, 'examples/openfeature/backend.ts')], port, {
    env: { ...process.env, ...env, PORT: String(port) },
  })
}

/** `portcullis start` on the embedded database, with an admin who is signed in. */
export async function runPortcullis(configured: Record<string, string> = {}) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const dataFolder = newDataFolder()
  const running = await run(process.execPath, [join(root, 'server/src/main.ts'), 'start'], port, {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      PORTCULLIS_URL: url,
      PORTCULLIS_DATA: dataFolder,
      PORTCULLIS_ADMIN_EMAIL: email,
      PORTCULLIS_ADMIN_PASSWORD: password,
      PORTCULLIS_ORGANIZATION: 'Acme',
      PORTCULLIS_TRUSTED_PROXIES: '127.0.0.1',
      ...configured,
    },
  })
  let cookie = ''
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', origin: url, cookie, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const signedIn = await call('POST', '/api/auth/sign-in/email', { email, password })
  cookie = signedIn.headers
    .getSetCookie()
    .map((it) => it.split(';')[0])
    .join('; ')
  // biome-ignore lint/suspicious/noExplicitAny: answers of an API that other tests hold to its shapes.
  const json = async (method: string, route: string, body?: unknown): Promise<any> =>
    (await call(method, route, body)).json()
  const me = await json('GET', '/api/v1/me')
  const organization: string = me.organizations[0].id
  const path = `/api/v1/organizations/${organization}`
  return {
    ...running,
    organization,
    url,
    dataFolder,
    /** Asks the management API as the admin. */
    json,
    adminId: me.organizations[0].accountId as string,
    newServiceAccount: async (): Promise<string> =>
      (await json('POST', `${path}/service-accounts`, { name: 'Nightly import', role: 'member' })).id,
    newToken: async (accountId?: string, expiresIn?: number): Promise<{ id: string; secret: string }> => {
      const { token, secret } = await json('POST', `${path}/tokens`, {
        name: 'example',
        ...(accountId && { accountId }),
        ...(expiresIn && { expiresIn }),
      })
      return { id: token.id, secret }
    },
    setCreation: async (creation: 'all' | 'none') => {
      const etag = (await call('GET', `${path}/settings`)).headers.get('etag') ?? ''
      await call('PUT', `${path}/settings`, { apiTokens: { creation } }, { 'if-match': etag })
    },
    /** Turns exactly these preview features on. */
    choose: async (enabled: readonly string[]) => {
      const etag = (await call('GET', `${path}/preview-features`)).headers.get('etag') ?? ''
      await call('PUT', `${path}/preview-features`, { enabled }, { 'if-match': etag })
    },
    stop: async () => {
      await running.stop()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

interface ExampleProxy {
  name: string
  command: string
  version: readonly string[]
  args: readonly string[]
}

/** The examples that can be run here, with Debian's packages. Traefik and Envoy are described beside them. */
export const proxies = {
  nginx: {
    name: 'nginx',
    command: 'nginx',
    version: ['-v'],
    args: ['-p', '.', '-c', 'nginx.conf', '-g', 'daemon off;'],
  },
  caddy: { name: 'caddy', command: 'caddy', version: ['version'], args: ['run', '--config', 'Caddyfile'] },
  haproxy: { name: 'haproxy', command: 'haproxy', version: ['-v'], args: ['-db', '-f', 'haproxy.cfg'] },
} satisfies Record<string, ExampleProxy>

/** Asks by introspection, not by forward-auth, hence with a test of its own. */
export const apache: ExampleProxy = {
  name: 'apache',
  command: 'apache2',
  version: ['-v'],
  args: ['-d', '.', '-f', 'httpd.conf', '-D', 'FOREGROUND'],
}

export const isInstalled = ({ command, version }: ExampleProxy): boolean => spawnSync(command, version).status === 0

/** Runs a proxy on a copy of its example, with the ports of this test in place of 8080, 3000 and 4000, and other edits. */
export async function runProxy(
  { name, command, args }: ExampleProxy,
  ports: { portcullis: number; api: number },
  edit: (text: string) => string = (text) => text,
): Promise<Running> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), `portcullis-${name}-`))
  chmodSync(folder, 0o755)
  const source = join(import.meta.dirname, name)
  for (const file of readdirSync(source)) {
    const text = edit(readFileSync(join(source, file), 'utf8'))
      .replaceAll(':8080', `:${port}`)
      .replaceAll(':3000', `:${ports.portcullis}`)
      .replaceAll(':4000', `:${ports.api}`)
      .replaceAll('abns@portcullis', `abns@portcullis-${port}`)
    writeFileSync(join(folder, file), text)
  }
  const running = await run(command, [...args], port, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } })
  return {
    port,
    stop: async () => {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
