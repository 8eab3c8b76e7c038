import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { forge, jwkOf, keys } from './forge.ts'

export interface Signer {
  kid: string
  publicKey: KeyObject
  privateKey: KeyObject
}

export const signers = {
  first: { kid: 'first', ...keys.rsa },
  second: { kid: 'second', ...keys.otherRsa },
  /** Another key under the name of the first. */
  impostor: { kid: 'first', ...keys.otherRsa },
} satisfies Record<string, Signer>

/** A foreign authorization server on loopback: its metadata, its keys, and tokens by whichever key it is told to use. */
export async function identityProvider(now: () => Date) {
  const state = { keys: [signers.first] as Signer[], down: false, fetches: 0 }
  const server = createServer((req, res) => {
    if (state.down) return void req.socket.destroy()
    const json = (body: unknown) => res.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (req.url === '/jwks') {
      state.fetches += 1
      return void json({ keys: state.keys.map((it) => jwkOf(it, { kid: it.kid, use: 'sig', alg: 'RS256' })) })
    }
    if (req.url === '/.well-known/openid-configuration') return void json({ issuer, jwks_uri: `${issuer}/jwks` })
    res.writeHead(404).end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    state,
    /** A token that lives for ten minutes of the test's clock; claims that are given replace these. */
    token: (claims: Record<string, unknown> = {}, signer: Signer = signers.first) => {
      const iat = Math.floor(now().getTime() / 1000)
      return forge({
        header: { alg: 'RS256', kid: signer.kid, typ: 'at+jwt' },
        claims: { iss: issuer, aud: 'api', sub: 'robot', iat, exp: iat + 600, ...claims },
        key: signer.privateKey,
      })
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
