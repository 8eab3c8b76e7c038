import { existsSync, readdirSync } from 'node:fs'
import { serveStatic } from '@hono/node-server/serve-static'
import type { MiddlewareHandler } from 'hono'
import { anySettings, pages } from '../../../console/src/paths.ts'

/** Set on the answer: `onFound` is called when the answer was made already, and what it sets is lost. */
const cached =
  (serve: MiddlewareHandler, cacheControl: string): MiddlewareHandler =>
  async (c, next) => {
    const answer = await serve(c, next)
    if (answer instanceof Response) answer.headers.set('cache-control', cacheControl)
    return answer
  }

/** The console's pages as patterns of the router; the addresses without an organization lead to the pages of one. */
const patterns = Object.values(pages)
  .flatMap((page) =>
    page.startsWith(pages.settings) ? [page, anySettings + page.slice(pages.settings.length)] : [page],
  )
  .map((page) => page.replace(/\$(\w+)/g, ':$1{[\\w-]+}'))

/** Files that a browser asks for by their own names. Compressed ones are sent in their place. */
const isAsset = (name: string) => /\.(?:css|js|png|svg|webp|woff2)$/.test(name)

/**
 * The console as it was built into `root`: its page at each of its own addresses, and the files that were built. Whatever
 * is neither is not found: a proxy that asks a misspelt address whether a request may pass must not read a 200.
 * Without a build there is nothing to serve, and the API goes on.
 */
export function consoleFiles(root: string): [path: string, serve: MiddlewareHandler][] {
  if (!existsSync(root)) return []
  // Built files carry a hash in their names and never change; the page that names them is asked for each time.
  const page = cached(serveStatic({ root, path: 'index.html', precompressed: true }), 'no-cache')
  const file = serveStatic({ root, precompressed: true })
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  return [
    ...patterns.map((path): [string, MiddlewareHandler] => [path, page]),
    ...names.filter(isAsset).map((name): [string, MiddlewareHandler] => {
      const forever = name.startsWith('assets/')
      return [`/${name}`, cached(file, forever ? 'public, max-age=31536000, immutable' : 'no-cache')]
    }),
  ]
}
