import { createServer } from 'node:http'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { Pool } from 'pg'

/** Better Auth's api-key plugin on PostgreSQL, its own rate limit off, behind as little HTTP as can be. */
const options = {
  database: new Pool({ connectionString: process.env.DATABASE_URL, max: 10 }),
  baseURL: 'http://127.0.0.1',
  secret: 'a secret of the bench, of 32 or more characters',
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  plugins: [apiKey({ rateLimit: { enabled: false } })],
}
const auth = betterAuth(options)
await (await getMigrations(options)).runMigrations()
const { user } = await auth.api.signUpEmail({
  body: { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' },
})
const keys: string[] = []
for (let i = 0; i < Number(process.env.KEYS); i += 1) {
  keys.push((await auth.api.createApiKey({ body: { name: `key ${i}`, userId: user.id } })).key)
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', async () => {
    const key = new URLSearchParams(Buffer.concat(chunks).toString()).get('token') ?? ''
    const { valid, key: found } = await auth.api.verifyApiKey({ body: { key } })
    const body = JSON.stringify({ active: valid, sub: found?.referenceId })
    res.writeHead(valid ? 200 : 401, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    res.end(body)
  })
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port, keys }))
process.on('disconnect', () => process.exit())
