import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

export type Login = Awaited<ReturnType<typeof startLogin>>

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The organization's own login, as far as the story needs one: it publishes its key and signs access tokens (RFC 9068). */
export async function startLogin() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = 'login-1'
  let documents: Record<string, object> = {}
  const server = createServer(({ url = '' }, reply) => {
    const document = documents[url]
    reply.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    reply.end(JSON.stringify(document ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  documents = {
    '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
    '/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] },
  }
  return {
    issuer,
    /** What a program gets there by its client credentials. */
    accessToken: (client: string, audience: string): string => {
      const iat = Math.floor(Date.now() / 1000)
      const claims = {
        iss: issuer,
        sub: client,
        client_id: client,
        aud: audience,
        iat,
        exp: iat + 600,
        jti: randomUUID(),
      }
      const signed = `${encode({ alg: 'ES256', typ: 'at+jwt', kid })}.${encode(claims)}`
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${signature.toString('base64url')}`
    },
    stop: () => void server.close(),
  }
}
