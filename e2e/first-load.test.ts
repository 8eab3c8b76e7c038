import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'

const product = useProduct()

const budgetBytes = 250_000

/** Counts what arrives over the wire, compressed as it is. */
async function countTransferredBytes(page: Page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  let bytes = 0
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  return () => bytes
}

test('every page transfers at most 250 kB at first load', async () => {
  const org = await product.newOrganization()
  const base = `/o/${org.slug}/settings`
  const tabs = ['members', 'groups', 'service-accounts', 'oauth-providers', 'api-tokens', 'audit-log']
  const pages = ['/', `${base}/account`, `${base}/apis`, ...tabs.map((tab) => `${base}/organization/${tab}`)]
  const sizes: Record<string, number> = {}
  for (const path of pages) {
    const { page, context } = await product.visit('/healthz', { as: org.admin })
    const count = await countTransferredBytes(page)
    await page.goto(path, { waitUntil: 'networkidle' })
    await page.getByRole('heading').first().waitFor()
    sizes[path] = count()
    await context.close()
  }
  expect(Object.entries(sizes).filter(([, bytes]) => bytes > budgetBytes || bytes < 1000)).toEqual([])
})

test('something is painted before the script arrives', async () => {
  const { page } = await product.visit('/healthz')
  await page.route(/\/assets\/.*\.js$/, () => undefined)
  await page.goto('/', { waitUntil: 'commit' })
  const placeholder = page.getByRole('status', { name: 'Loading' })
  await placeholder.waitFor()
  await page.waitForFunction(
    () =>
      performance.getEntriesByName('first-contentful-paint').length > 0 ||
      performance.getEntriesByName('first-paint').length > 0,
  )
})
