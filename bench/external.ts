import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { SignJWT } from 'jose'
import { sql } from 'kysely'
import type { Database } from '../server/src/db/change.ts'
import { openDatabase } from '../server/src/db/open.ts'
import { type Effort, summary, takeTurns, timesAsMany } from './compare.ts'
import { introspect } from './gate.ts'
import { type Postgres, resourceKey, startPeer, startPortcullis } from './processes.ts'
import { addKnownTokens } from './seed.ts'
import { median, type Row } from './table.ts'

const distinct = 1000
const pairsOfRounds = 25

/** As long altogether: two that differ by so little are told apart by taking turns often, on a machine that others use. */
const shorter = ({ rounds, seconds }: Effort): Effort => ({ rounds: rounds * 8, seconds: seconds / 8 })

/** Somebody else's key set, and what signs with its key. */
async function startIssuer() {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'RS256' }
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' })
    res.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  const token = (subject: string) =>
    new SignJWT({ client_id: subject, scope: 'hub:use profile', jti: subject })
      .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience('https://api.example.com')
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('6h')
      .sign(pair.privateKey)
  return { issuer, jwksUrl: `${issuer}/jwks`, token, stop: () => void server.close() }
}

/** A provider to which each service account is mapped by its own id; answers the subjects. */
async function addProvider(owner: Database, issuer: string, jwksUrl: string): Promise<string[]> {
  await sql`
    insert into oauth_providers (id, organization_id, name, issuer, jwks_url, audiences, algorithms, subject_claim, scope_claim,
      require_scope, clock_tolerance, max_lifetime, enabled, created_at)
    select 'idp_01jd0000000000000000000000', id, 'Bench', ${issuer}, ${jwksUrl}, '["https://api.example.com"]', '["RS256"]', 'sub',
      'scope', false, 30, 86400, true, now() from organizations limit 1`.execute(owner)
  const mapped = await sql<{ subject: string }>`
    insert into account_mappings (id, organization_id, provider_id, account_id, subject, display_name, created_at)
    select replace(id, 'svc', 'map'), organization_id, 'idp_01jd0000000000000000000000', id, id, '', now() from accounts
    where kind = 'service_account' returning subject`.execute(owner)
  return mapped.rows.map((it) => it.subject)
}

async function mustBeActive(port: number, token: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/oauth2/introspect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${resourceKey}` },
    body: new URLSearchParams({ token }),
  })
  const said = await answer.text()
  if (!said.startsWith('{"active":true,')) throw new Error(`Not accepted: ${said}`)
}

/** A token of a provider that was seen before, beside a managed one: the same server, the same accounts. */
async function seenBefore(postgres: Postgres, effort: Effort): Promise<Row> {
  const issuer = await startIssuer()
  const portcullis = await startPortcullis({ ...postgres.env, PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1' })
  const database = await openDatabase({ databaseUrl: postgres.env.PORTCULLIS_MIGRATION_URL, dataFolder: '' })
  const organization = await database.owner.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
  const secrets = await addKnownTokens(database.owner, organization.id, distinct)
  const subjects = await addProvider(database.owner, issuer.issuer, issuer.jwksUrl)
  await database.close()
  const tokens = await Promise.all(subjects.map(issuer.token))
  const ask = introspect(`Bearer ${resourceKey}`, '/oauth2/introspect')
  const gate = { port: portcullis.port, pid: portcullis.pid, expectStatus: 200 }
  // Seen before, every one of them; and a fast refusal would answer 200 as well.
  for (const token of [...secrets, ...tokens]) await mustBeActive(portcullis.port, token)
  const { managed, external } = await takeTurns(
    { managed: { ...gate, requests: secrets.map(ask) }, external: { ...gate, requests: tokens.map(ask) } },
    shorter(effort),
  )
  await portcullis.stop()
  issuer.stop()
  return {
    what: 'external token, seen before',
    where: 'introspection over HTTP, 32 connections; PostgreSQL',
    figure: timesAsMany(managed, external),
    unit: '×',
    mark: { atMost: 1.3 },
    beside: 'a managed token, same server',
    detail: `${summary(external)} beside ${summary(managed)}`,
  }
}

/** The first time that a token of a provider is seen, but for the question to the database: what its judgement costs. */
async function firstTime(alg: 'RS256' | 'ES256', { rounds }: Effort): Promise<Row> {
  const env = { ALG: alg, ROUNDS: String(rounds * pairsOfRounds) }
  const peer = await startPeer<{ port: number; taken: { ours: number; bare: number }[] }>('first-time.ts', env)
  const { taken } = peer.said
  await peer.stop()
  const micros = (of: 'ours' | 'bare') => median(taken.map((it) => it[of])).toFixed(0)
  return {
    what: `external token, first time, ${alg}`,
    where: 'in process, keys and mapping in memory',
    figure: median(taken.map((it) => it.ours / it.bare)),
    unit: '×',
    mark: { atMost: 1.3 },
    beside: 'jose.jwtVerify, same key and tokens',
    detail: `${micros('ours')} µs beside ${micros('bare')} µs`,
  }
}

export async function externalRows(postgres: Postgres, effort: Effort): Promise<Row[]> {
  return [await firstTime('RS256', effort), await firstTime('ES256', effort), await seenBefore(postgres, effort)]
}
