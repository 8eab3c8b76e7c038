import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { MiddlewareHandler } from 'hono'

/**
 * Built files carry a hash in their names and never change; the page that names them is asked for anew. Set on the answer:
 * `onFound` is called when the answer was made already, and what it sets is lost.
 */
const cached =
  (serve: MiddlewareHandler): MiddlewareHandler =>
  async (c, next) => {
    const answer = await serve(c, next)
    const forever = c.req.path.startsWith('/assets/')
    if (answer instanceof Response)
      answer.headers.set('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache')
    return answer
  }

/**
 * The console as it was built into `root`. A path that looks like no file is one of the console's own URLs and gets its
 * page. Without a build there is nothing to serve, and the API goes on.
 */
export function consoleFiles(root: string): MiddlewareHandler[] {
  if (!existsSync(root)) return []
  const page = cached(serveStatic({ root, path: 'index.html', precompressed: true }))
  return [
    cached(serveStatic({ root, precompressed: true })),
    (c, next) => (c.req.path.startsWith('/api/') || extname(c.req.path) !== '' ? next() : page(c, next)),
  ]
}
