import type { AddressInfo } from 'node:net'
import { start } from 'unleash-server'

/** Unleash with its defaults on PostgreSQL and as many toggles, on for everybody, as its frontend API is to answer. */
const frontendToken = '*:development.the-frontend-token-of-the-bench-0123456789'
const at = new URL(process.env.DATABASE_URL ?? '')
const toggles = Number(process.env.TOGGLES)

const { server } = await start({
  db: {
    host: at.hostname,
    port: Number(at.port),
    user: at.username,
    password: at.password,
    database: at.pathname.slice(1),
    ssl: false,
  },
  server: { host: '127.0.0.1', port: 0 },
  authentication: {
    type: 'none',
    initApiTokens: [
      {
        tokenName: 'bench',
        environment: 'development',
        projects: ['*'],
        secret: frontendToken,
        type: 'frontend',
      },
    ],
  },
  versionCheck: { enable: false },
  telemetry: false,
  logLevel: 'fatal',
} as unknown as Parameters<typeof start>[0])
if (!server) throw new Error('It did not listen.')
const { port } = server.address() as AddressInfo
const url = `http://127.0.0.1:${port}`

async function call(method: string, path: string, body?: unknown): Promise<string> {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: path === '/api/frontend' ? frontendToken : '' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text
}

const features = '/api/admin/projects/default/features'
for (let i = 0; i < toggles; i += 1) {
  const name = `feature-${i}`
  await call('POST', features, { name, description: `Feature ${i}` })
  const environment = `${features}/${name}/environments/development`
  await call('POST', `${environment}/strategies`, { name: 'default' })
  await call('POST', `${environment}/on`)
}

/** The frontend API answers from memory, which is refreshed some seconds later. */
for (;;) {
  const { toggles: answered } = JSON.parse(await call('GET', '/api/frontend')) as { toggles: unknown[] }
  if (answered.length === toggles) break
  await new Promise((resolve) => setTimeout(resolve, 200))
}

process.send?.({ port, frontendToken })
process.on('disconnect', () => process.exit())
