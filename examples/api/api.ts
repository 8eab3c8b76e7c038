/**
 * The API that the examples protect: it knows nothing of tokens. Whoever reaches it came through the proxy, which asked
 * Portcullis and wrote down the answer in six headers; so it listens where only the proxy can reach it.
 *
 *     npx node examples/api/api.ts        (PORT, HOST: 4000, 127.0.0.1)
 */
import { createServer, type IncomingMessage } from 'node:http'

const header = (req: IncomingMessage, name: string) => String(req.headers[`x-portcullis-${name}`] ?? '')

const server = createServer((req, res) => {
  const caller = {
    organization: header(req, 'organization'),
    account: header(req, 'account'),
    kind: header(req, 'account-kind'),
    role: header(req, 'role'),
    groups: header(req, 'groups').split(',').filter(Boolean),
    token: header(req, 'token'),
  }
  // Never happens behind the proxy; an API that is reached around it should say no rather than guess.
  const status = caller.organization === '' ? 500 : 200
  const answer = { message: status === 200 ? `Hello, ${caller.kind} of ${caller.organization}.` : 'Where is the gate?' }
  // What arrived, for the tests of the examples: nothing that a client made up may be among it.
  const arrived = Object.fromEntries(
    Object.entries(req.headersDistinct).filter(([name]) => /portcullis|auth/.test(name)),
  )
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  res.end(JSON.stringify({ ...answer, method: req.method, path: req.url, caller, arrived }))
})

server.listen(Number(process.env.PORT ?? 4000), process.env.HOST ?? '127.0.0.1')
