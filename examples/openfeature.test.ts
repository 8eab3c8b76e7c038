import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { launchBrowser } from '../e2e/browser.ts'
import { type Running, runBackend, runPortcullis } from './running.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 240_000 })

const resourceKey = 'the-resource-key-of-the-example-0123456789'
const example = join(import.meta.dirname, 'openfeature')

let pages: string
let portcullis: Awaited<ReturnType<typeof runPortcullis>>
let backend: Running
let browser: Browser

beforeAll(async () => {
  pages = mkdtempSync(join(tmpdir(), 'portcullis-example-'))
  await build({ root: example, logLevel: 'error', build: { outDir: pages, emptyOutDir: true } })
  portcullis = await runPortcullis({
    PORTCULLIS_FEATURES: join(example, 'features.yaml'),
    PORTCULLIS_RESOURCE_KEY: resourceKey,
  })
  backend = await runBackend(`http://127.0.0.1:${portcullis.port}`, resourceKey, pages)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await backend?.stop()
  await portcullis?.stop()
  rmSync(pages, { recursive: true, force: true })
})

/** Somebody who uses the product, as a member of an organization. */
async function visit(organization: string) {
  const context = await browser.newContext()
  const url = `http://127.0.0.1:${backend.port}`
  await context.addCookies([{ name: 'organization', value: organization, url }])
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (it) => it.type() === 'error' && complaints.push(it.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  const streaming = page.waitForResponse((it) => it.url().includes('/ofrep/v1/streams/'))
  await page.goto(url)
  return { page, complaints, streaming, report: () => context.request.get(`${url}/api/report`) }
}

test('a feature comes and goes with the organization’s choice, on an open page and in the backend', async () => {
  const { page, complaints, streaming, report } = await visit(portcullis.organization)
  await page.getByRole('heading', { name: 'Reports' }).waitFor()
  await streaming
  const feature = page.getByRole('heading', { name: 'Report export' })
  expect(await feature.count()).toBe(0)
  expect((await report()).status()).toBe(404)

  await portcullis.choose(['report-export'])
  await feature.waitFor()
  expect(await page.getByText('Preview').textContent()).toContain('Preview')
  expect(await page.getByRole('link', { name: 'Send feedback' }).getAttribute('href')).toBe(
    'https://feedback.example.com/report-export',
  )
  expect(await (await report()).text()).toBe('The report.')

  await portcullis.choose([])
  await feature.waitFor({ state: 'detached' })
  expect((await report()).status()).toBe(404)
  expect(complaints).toEqual([])
})

test('a page that names another organization gets its own, and nobody gets the key', async () => {
  await portcullis.choose(['report-export'])
  const url = `http://127.0.0.1:${backend.port}/ofrep/v1/evaluate/flags`
  const ask = (cookie: string) =>
    fetch(url, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ context: { organization: portcullis.organization } }),
    })
  expect((await ask('organization=somebody-else')).status).toBe(400)
  expect((await ask('')).status).toBe(401)
  const answer = await ask(`organization=${portcullis.organization}`)
  expect(answer.status).toBe(200)
  expect(JSON.stringify([...answer.headers]) + (await answer.text())).not.toContain(resourceKey)
  await portcullis.choose([])
})
