import { createServer } from 'node:http'
import { Pool } from 'pg'

/** One SELECT by the hash of a secret behind a bare server: the least that a look-up in PostgreSQL can cost. */
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', async () => {
    const hash = Buffer.concat(chunks).toString().slice('token='.length)
    const { rows } = await pool.query('select token_id, retired_at from token_secrets where hash = $1', [hash])
    const body = JSON.stringify(rows[0] ?? null)
    res.writeHead(rows.length === 1 ? 200 : 404, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    res.end(body)
  })
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }))
process.on('disconnect', () => process.exit())
