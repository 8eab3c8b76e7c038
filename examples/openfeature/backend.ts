import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OpenFeature } from '@openfeature/server-sdk'

/** The backend of a host product. It holds the resource key, which never reaches a browser. */
const portcullis = process.env.PORTCULLIS_URL ?? 'http://localhost:3000'
const authorization = `Bearer ${process.env.PORTCULLIS_RESOURCE_KEY}`
const pages = process.env.PAGES ?? join(import.meta.dirname, 'dist')

await OpenFeature.setProviderAndWait(
  new OFREPProvider({ baseUrl: portcullis, headers: [['Authorization', authorization]] }),
)
const features = OpenFeature.getClient()

/** Stands for the product's own sign-in: whoever asks, and the organization that they belong to in Portcullis. */
function sessionOf(req: IncomingMessage): { user: string; organization: string } | undefined {
  const [, organization] = /(?:^|;\s*)organization=([\w-]+)/.exec(req.headers.cookie ?? '') ?? []
  return organization === undefined ? undefined : { user: 'somebody', organization }
}
type Session = NonNullable<ReturnType<typeof sessionOf>>

/** A route of the feature: off means absent. */
async function report(res: ServerResponse, { user, organization }: Session): Promise<void> {
  const isOn = await features.getBooleanValue('report-export', false, { targetingKey: user, organization })
  res.writeHead(isOn ? 200 : 404, { 'Content-Type': 'text/plain' }).end(isOn ? 'The report.' : 'Not found')
}

/**
 * What the browser's provider asks. The question is written anew: the organization is the session's, whatever the page
 * says, and the key is added here.
 */
async function evaluate(req: IncomingMessage, res: ServerResponse, search: string, session: Session): Promise<void> {
  const ifNoneMatch = req.headers['if-none-match']
  const answer = await fetch(`${portcullis}/ofrep/v1/evaluate/flags${search}`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    },
    body: JSON.stringify({ context: { targetingKey: session.user, organization: session.organization } }),
  })
  const passed = ['content-type', 'etag', 'retry-after', 'cache-control'].flatMap((name) => {
    const value = answer.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  res.writeHead(answer.status, Object.fromEntries(passed)).end(Buffer.from(await answer.arrayBuffer()))
}

const types: Record<string, string> = { html: 'text/html; charset=utf-8', js: 'text/javascript' }

function page(res: ServerResponse, path: string): void {
  const file = path === '/' ? '/index.html' : normalize(path)
  const type = types[file.split('.').at(-1) ?? '']
  if (type === undefined) return void res.writeHead(404).end()
  // The page waits for changes at Portcullis itself, by an address that Portcullis made for it.
  const policy = `default-src 'self'; img-src 'self' data:; connect-src 'self' ${new URL(portcullis).origin}`
  const body = readFileSync(join(pages, file))
  res.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy }).end(body)
}

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(req.url ?? '/', 'http://host.invalid')
  const session = sessionOf(req)
  if (pathname === '/api/report' && session) return report(res, session)
  if (pathname === '/ofrep/v1/evaluate/flags' && req.method === 'POST') {
    if (session) return evaluate(req, res, search, session)
    return void res.writeHead(401).end()
  }
  page(res, pathname)
}

createServer((req, res) => {
  answer(req, res).catch((error: unknown) => {
    console.error(error)
    if (!res.headersSent) res.writeHead(500)
    res.end()
  })
}).listen(Number(process.env.PORT ?? 4000), '127.0.0.1')
