import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Context, MiddlewareHandler } from 'hono'

/** Built files carry a hash in their names and never change; the page that names them is asked for anew. */
const cached = (path: string, c: Context) =>
  c.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')

/**
 * The console as it was built into `root`. A path that looks like no file is one of the console's own URLs and gets its
 * page. Without a build there is nothing to serve, and the API goes on.
 */
export function consoleFiles(root: string): MiddlewareHandler[] {
  if (!existsSync(root)) return []
  const page = serveStatic({ root, path: 'index.html', precompressed: true, onFound: cached })
  return [
    serveStatic({ root, precompressed: true, onFound: cached }),
    (c, next) => (c.req.path.startsWith('/api/') || extname(c.req.path) !== '' ? next() : page(c, next)),
  ]
}
