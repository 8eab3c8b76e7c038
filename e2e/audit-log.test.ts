import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { eventually } from './steps.ts'

const product = useProduct()

const events = (page: Page) => page.getByRole('table', { name: 'Audit log' }).locator('tbody').getByRole('row')
const sentence = (page: Page, text: string) => events(page).locator('summary').filter({ hasText: text })

async function lived() {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  await org.newToken(grace, 'Laptop')
  await org.setCreation({ creation: 'none' })
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/audit-log`, { as: org.admin })
  await sentence(page, 'Grace Hopper created the token “Laptop”').waitFor()
  return { org, page }
}

test('newest first, in plain sentences; opened, an event shows what was before and after', async () => {
  const { page } = await lived()
  const change = sentence(page, 'Ada Lovelace changed who can create API tokens')
  const sentences = await events(page).locator('summary').allTextContents()
  const at = (text: string) => sentences.findIndex((it) => it.includes(text))
  expect(at('changed who can create')).toBeLessThan(at('created the token'))
  expect(at('created the token')).toBeLessThan(at('invited'))
  await change.click()
  const details = events(page).filter({ hasText: 'changed who can create API tokens' })
  await details.getByText('Before', { exact: true }).waitFor()
  await details.getByText('After', { exact: true }).waitFor()
  // A secret is nowhere, not even its hash.
  expect(await page.locator('body').textContent()).not.toMatch(/pc[us]_\w{49}/)
})

test('narrowed by action, by who did it and by what it was about; the address keeps it, and it is cleared', async () => {
  const { page } = await lived()
  await page.getByRole('combobox', { name: 'Action' }).selectOption('Token created')
  await eventually(() => events(page).count()).toBe(1)
  await page.reload()
  await sentence(page, 'Grace Hopper created the token “Laptop”').click()
  await page.getByRole('button', { name: 'Only by this account' }).click()
  await page.getByText('Only by one account').waitFor()
  await page.getByRole('combobox', { name: 'Action' }).selectOption('Any action')
  await sentence(page, 'Grace Hopper joined').waitFor()
  expect(await sentence(page, 'Ada Lovelace').count()).toBe(0)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await sentence(page, 'Ada Lovelace changed who can create API tokens').waitFor()
  await page.getByLabel('To', { exact: true }).fill('2020-01-01')
  await page.getByText('No event matches').waitFor()
})

test('exported as it is filtered: one line per event, with its hash', async () => {
  const { page } = await lived()
  await page.getByRole('combobox', { name: 'Action' }).selectOption('Token created')
  await eventually(() => events(page).count()).toBe(1)
  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'NDJSON' }).click(),
  ])
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ action: 'token.created', hash: expect.any(String) }),
  ])
})
