import { createServer } from 'node:http'
// @ts-expect-error: the package brings no types of its own.
import Provider from 'oidc-provider'

/** oidc-provider with its own adapter in memory: opaque access tokens of the client credentials grant, introspected. */
const client = { client_id: 'bench', client_secret: 'a secret of the bench that is long enough' }
const provider = new Provider('http://127.0.0.1', {
  clients: [{ ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
  features: {
    introspection: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 3600 },
})
const server = createServer(provider.callback())

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address() as { port: number }
  const basic = `Basic ${Buffer.from(`${client.client_id}:${encodeURIComponent(client.client_secret)}`).toString('base64')}`
  const tokens: string[] = []
  for (let i = 0; i < Number(process.env.TOKENS); i += 1) {
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const answer = await fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { authorization: basic },
      body,
    })
    tokens.push(((await answer.json()) as { access_token: string }).access_token)
  }
  process.send?.({ port, tokens, basic })
})
process.on('disconnect', () => process.exit())
