import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { notice, openSettings } from './steps.ts'

const product = useProduct()
const unreachable = /can’t be reached/

/** The network is gone while `work` is done, as in a train's tunnel. */
async function inATunnel(page: Page, work: () => Promise<unknown>): Promise<void> {
  await page.context().setOffline(true)
  await work()
  await page.context().setOffline(false)
}

test('a lost connection: a form says so and keeps what was typed; afterwards it goes on', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  watched.expect('net::ERR_INTERNET_DISCONNECTED')
  await page.getByRole('button', { name: 'Create token' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create token' })
  await form.getByRole('textbox', { name: 'Name' }).fill('Nightly')
  await form.getByRole('textbox', { name: 'Description' }).fill('For the night')
  await inATunnel(page, async () => {
    await form.getByRole('button', { name: 'Create token' }).click()
    await form.getByText(unreachable).waitFor()
  })
  expect(await form.getByRole('textbox', { name: 'Description' }).inputValue()).toBe('For the night')
  await form.getByRole('button', { name: 'Create token' }).click()
  await page.getByRole('dialog', { name: 'Your new token' }).waitFor()
  const { items } = (await org.admin.call('GET', `${org.base}/tokens?accountId=me`)).body
  // Refused by the network, it was made once.
  expect(items).toEqual([expect.objectContaining({ name: 'Nightly', description: 'For the night' })])
})

test('a lost connection while choosing settings: nothing is saved, the choice stays, and is saved afterwards', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/account`, { as: org.admin })
  watched.expect('net::ERR_INTERNET_DISCONNECTED')
  const dialog = await openSettings(page, org.name)
  await dialog.getByRole('checkbox', { name: 'Allow members to create API tokens' }).uncheck()
  await inATunnel(page, async () => {
    await dialog.getByRole('button', { name: 'Save changes' }).click()
    await dialog.getByText(unreachable).first().waitFor()
  })
  expect((await org.settings()).apiTokens.creation).toBe('all')
  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await notice(page, /./).waitFor()
  expect((await org.settings()).apiTokens.creation).toBe('none')
})

test('a list that could not be loaded says so, and “Try again” loads it', async () => {
  const org = await product.newOrganization()
  await org.newMember('Grace Hopper')
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  watched.expect('net::ERR_FAILED')
  const members = `**/api/v1/organizations/*/members?*`
  await page.route(members, (route) => route.abort())
  await page.goto(`/o/${org.slug}/settings/organization/members`)
  await page.getByText(unreachable).first().waitFor()
  await page.unroute(members)
  await page.getByRole('button', { name: 'Try again' }).first().click()
  await page.getByRole('row').filter({ hasText: 'Grace Hopper' }).waitFor()
})
