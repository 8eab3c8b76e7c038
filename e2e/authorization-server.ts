import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
// @ts-expect-error: the package brings no types of its own.
import Provider from 'oidc-provider'

const secret = 'a secret of the browser tests that is long enough'

const newKey = (name: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: name,
  use: 'sig',
  alg: 'RS256',
})

/** A provider that gives programs JWT access tokens (RFC 9068) for the API that they name (RFC 8707). */
function providerOf(issuer: string, clients: readonly string[], key: object): RequestListener {
  const provider = new Provider(issuer, {
    clients: clients.map((id) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    jwks: { keys: [key] },
    ttl: { ClientCredentials: 600 },
    cookies: { keys: ['a key for cookies that nobody gets'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({
          scope: 'hub:use',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  return provider.callback()
}

/** Somebody else's authorization server, which knows nothing of Portcullis. */
export async function startAuthorizationServer(clients: readonly string[]) {
  let answer: RequestListener = (_req, res) => void res.writeHead(503).end()
  const server = createServer((req, res) => answer(req, res))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  const signWith = (name: string) => {
    answer = providerOf(issuer, clients, newKey(name))
  }
  signWith('first')
  return {
    issuer,
    /** From now on it signs with another key, and no longer publishes the one before. */
    rotateKey: () => signWith('second'),
    /** What a program gets by its client credentials for an API. */
    accessToken: async (client: string, audience: string): Promise<string> => {
      const asked = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${client}:${encodeURIComponent(secret)}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience, scope: 'hub:use' }),
      })
      const got = (await asked.json()) as { access_token?: string }
      if (got.access_token === undefined) throw new Error(`No token: ${JSON.stringify(got)}`)
      return got.access_token
    },
    stop: () => new Promise((done) => server.close(done)),
  }
}
