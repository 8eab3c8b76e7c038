import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject, vi } from 'vitest'
import { launchBrowser, overflow, signInTo, usual, type Watch, watch } from './browser.ts'
import { caller, command, newOrganization, type Person } from './people.ts'
import { type Server, type StartOptions, startServer } from './server.ts'

export interface Visit {
  page: Page
  context: BrowserContext
  watched: Watch
}

/**
 * The product in a real browser: one server and one browser per file. Whatever a page logs as an error, whatever
 * answer of 400 and more a test did not announce, and whatever sticks out sideways fails the test.
 */
export function useProduct({
  empty = false,
  configured = {},
}: Pick<StartOptions, 'configured'> & { empty?: boolean } = {}) {
  let server: Server
  let browser: Browser
  const visits: Visit[] = []
  // A browser and a server beside other test files: patience, since nothing is asserted about time.
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 240_000 })

  beforeAll(async () => {
    const template = empty ? {} : { template: inject('servers').templateFolder }
    ;[server, browser] = await Promise.all([startServer({ ...template, configured }), launchBrowser()])
  })
  afterEach(async () => {
    const done = visits.splice(0)
    const open = done.filter(({ page }) => !page.isClosed())
    const wide = (await Promise.all(open.map(({ page }) => overflow(page)))).flat()
    await Promise.all(done.map(({ context }) => context.close()))
    expect([...done.flatMap(({ watched }) => watched.faults()), ...wide]).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })

  const visit = async (path: string, { as, ...options }: BrowserContextOptions & { as?: Person } = {}) => {
    const context = await browser.newContext({ ...usual, baseURL: server.url, ...options })
    // Generous, since two processors may be shared by many; nothing is asserted about time.
    context.setDefaultTimeout(30_000)
    if (as) await signInTo(context, server.url, as)
    const page = await context.newPage()
    const watched = watch(page, server.url)
    const visited: Visit = { page, context, watched }
    visits.push(visited)
    await page.goto(path)
    return visited
  }

  return {
    get url() {
      return server.url
    },
    setupLink: () => server.setupLink(),
    newOrganization: (name?: string) => newOrganization(server, name),
    visit,
    /** What a `portcullis` command prints. */
    command: async (name: string, args: Record<string, unknown>) => (await command(server, name, args)).said,
    /** A program that calls the API with this token. */
    withToken: (token: string) => caller(server, { token }),
    introspect: async (token: string) => {
      const answer = await fetch(`${server.url}/oauth2/introspect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.resourceKey}` },
        body: new URLSearchParams({ token }),
      })
      return (await answer.json()) as { active: boolean; reason?: string; account_id?: string }
    },
    forwardAuth: async (token: string) => {
      const answer = await fetch(`${server.url}/forward-auth`, { headers: { authorization: `Bearer ${token}` } })
      await answer.arrayBuffer()
      return answer.status
    },
  }
}

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** The rules that look at colours. */
const colours = ['color-contrast', 'link-in-text-block']

/** Every violation of WCAG 2.2 AA that axe finds on the page, each with where it is; of colours alone if so wished. */
export async function axe(page: Page, which: 'all' | 'colours' = 'all'): Promise<string[]> {
  const builder = new AxeBuilder({ page }).setLegacyMode()
  const { violations } = await (which === 'all' ? builder.withTags(standards) : builder.withRules(colours)).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary?.split('\n')[1]?.trim()}`),
  )
}
