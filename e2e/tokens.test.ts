import type { Locator, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { copied, eventually, notice, openMenu } from './steps.ts'

const product = useProduct()
const day = 86_400_000

const rowOf = (page: Page, name: string) =>
  page.getByRole('table', { name: 'AI Hub tokens' }).getByRole('row').filter({ hasText: name })
const badge = (page: Page, name: string, state: string) =>
  rowOf(page, name).getByRole('cell', { name: state, exact: true })

async function fillToken(page: Page, fields: { name: string; expiration?: string; expiresAt?: string }) {
  await page.getByRole('button', { name: 'Create token' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Create token' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill(fields.name)
  if (fields.expiration) await dialog.getByRole('combobox', { name: 'Expiration' }).selectOption(fields.expiration)
  if (fields.expiresAt) await dialog.getByLabel('Expires at').fill(fields.expiresAt)
  await dialog.getByRole('button', { name: 'Create token' }).click()
  return dialog
}

const shownSecret = async (dialog: Locator) => (await dialog.getByText(/^pc[us]_\w{49}$/).textContent())!

test('every expiration: the token is made so, its secret is shown, copied, and works', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  // An empty list teaches what a token is for.
  await page.getByRole('heading', { name: 'No tokens yet' }).waitFor()

  const choices = [
    ['Never expires', null],
    ['7 days', 7],
    ['30 days', 30],
    ['60 days', 60],
    ['90 days', 90],
    ['365 days', 365],
  ] as const
  for (const [expiration, days] of choices) {
    const before = Date.now()
    await fillToken(page, { name: expiration, expiration })
    const dialog = page.getByRole('dialog', { name: 'Your new token' })
    const secret = await shownSecret(dialog)
    await dialog.getByText('It can’t be shown again.').waitFor()
    await dialog.getByRole('button', { name: 'Copy token' }).click()
    await eventually(() => copied(page)).toBe(secret)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await dialog.waitFor({ state: 'detached' })
    await badge(page, expiration, 'Active').waitFor()

    const { body } = await product.withToken(secret)('GET', `${org.base}/tokens`)
    const { expiresAt } = body.items.find((it: { name: string }) => it.name === expiration)
    if (days === null) expect(expiresAt).toBe(null)
    else {
      expect(Date.parse(expiresAt)).toBeGreaterThanOrEqual(before + days * day)
      expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + days * day)
    }
  }
})

test('a date of one’s own: not in the past, and kept to the minute', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  const form = await fillToken(page, { name: 'Audit', expiration: 'Custom date', expiresAt: '2020-01-01T12:00' })
  await form.getByText('Choose a time in the future').waitFor()
  expect(await form.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('Audit')
  const year = new Date().getUTCFullYear() + 2
  await form.getByLabel('Expires at').fill(`${year}-01-15T12:00`)
  await form.getByRole('button', { name: 'Create token' }).click()
  const secret = await shownSecret(page.getByRole('dialog', { name: 'Your new token' }))
  const { body } = await product.withToken(secret)('GET', `${org.base}/tokens`)
  // Noon of the person's clock, Berlin's winter.
  expect(body.items[0].expiresAt).toBe(`${year}-01-15T11:00:00.000Z`)
})

test('the secret is shown once: closing before copying asks, after copying it closes', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  await fillToken(page, { name: 'Laptop' })
  const secret = await shownSecret(page.getByRole('dialog', { name: 'Your new token' }))
  await page.getByRole('button', { name: 'Done' }).click()
  const asks = page.getByRole('dialog', { name: 'Close without copying?' })
  await asks.getByRole('button', { name: 'Back to the token' }).click()
  expect(await shownSecret(page.getByRole('dialog'))).toBe(secret)
  // The ready line counts as copying, since the secret is in it.
  await page.getByRole('button', { name: 'Copy command' }).click()
  await eventually(() => copied(page)).toBe(`curl -H "Authorization: Bearer ${secret}" ${product.url}/api/v1/me`)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await page.getByText(secret).count()).toBe(0)

  await fillToken(page, { name: 'Desktop' })
  await shownSecret(page.getByRole('dialog', { name: 'Your new token' }))
  await page.keyboard.press('Escape')
  await asks.getByRole('button', { name: 'Close anyway' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await badge(page, 'Desktop', 'Active').waitFor()
})

test('refreshed: the old secret is dead, the new one works; edited; deleted for good', async () => {
  const org = await product.newOrganization()
  const old = await org.newToken(org.admin, 'Laptop')
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })

  await openMenu(page, 'Actions for Laptop', 'Refresh')
  const refresh = page.getByRole('dialog', { name: 'Refresh token' })
  await refresh.getByRole('combobox', { name: 'Expiration' }).selectOption('30 days')
  await refresh.getByRole('button', { name: 'Refresh' }).click()
  const shown = page.getByRole('dialog', { name: 'Your new token' })
  const secret = await shownSecret(shown)
  expect(await product.introspect(old.secret)).toEqual({ active: false, reason: 'revoked' })
  expect(await product.introspect(secret)).toMatchObject({ active: true, token_id: old.id })
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await shown.getByRole('button', { name: 'Done' }).click()
  await shown.waitFor({ state: 'detached' })

  await openMenu(page, 'Actions for Laptop', 'Edit')
  const edit = page.getByRole('dialog', { name: 'Edit token' })
  await edit.getByRole('textbox', { name: 'Name' }).fill('Büro-Rechner 🖥️')
  await edit.getByRole('textbox', { name: 'Description' }).fill('Under the desk')
  await edit.getByRole('button', { name: 'Save changes' }).click()
  await notice(page, 'Token changed').waitFor()
  await rowOf(page, 'Büro-Rechner 🖥️').getByText('Under the desk').waitFor()

  await openMenu(page, 'Actions for Büro-Rechner 🖥️', 'Delete')
  const remove = page.getByRole('dialog', { name: 'Delete token' })
  await remove.getByText('Büro-Rechner 🖥️').waitFor()
  await remove.getByRole('button', { name: 'Delete' }).click()
  await notice(page, 'Token deleted').waitFor()
  await page.getByRole('heading', { name: 'No tokens yet' }).waitFor()
  expect(await product.introspect(secret)).toEqual({ active: false, reason: 'revoked' })
})

test('a name that can’t be: the dialog says so and keeps what was typed', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  const form = await fillToken(page, { name: '   ' })
  await form.getByText('Give the token a name').waitFor()
  await form.getByRole('textbox', { name: 'Description' }).fill('For the night')
  await form.getByRole('textbox', { name: 'Name' }).fill('Nightly')
  await form.getByRole('button', { name: 'Create token' }).click()
  await shownSecret(page.getByRole('dialog', { name: 'Your new token' }))
})

test('turned off: a member sees why, that nothing was deleted, and what is left to do', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  await org.newToken(grace, 'Laptop')
  await org.setCreation({ creation: 'none' })
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: grace })

  const create = page.getByRole('button', { name: 'Create token', disabled: true })
  await create.waitFor()
  const why = /admins turned off API tokens/
  await eventually(() => create.getAttribute('aria-description')).toMatch(why)
  await page.getByText('Your tokens are suspended').waitFor()
  await page.getByText(/Nothing was deleted/).waitFor()
  await badge(page, 'Laptop', 'Suspended').waitFor()
  await create.press('Enter')
  expect(await page.getByRole('dialog').count()).toBe(0)

  // Refreshing counts as creating; editing and deleting stay the owner's.
  await page.getByRole('button', { name: 'Actions for Laptop' }).click()
  await page.getByRole('menuitem', { name: 'Refresh', disabled: true }).waitFor()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  const edit = page.getByRole('dialog', { name: 'Edit token' })
  await edit.getByRole('textbox', { name: 'Name' }).fill('Old laptop')
  await edit.getByRole('button', { name: 'Save changes' }).click()
  await badge(page, 'Old laptop', 'Suspended').waitFor()

  await org.setCreation({ creation: 'all' })
  await page.reload()
  await badge(page, 'Old laptop', 'Active').waitFor()
  await page.getByRole('button', { name: 'Create token', disabled: false }).first().waitFor()
  expect(await page.getByText('Your tokens are suspended').count()).toBe(0)
})

test('limited to groups: a member outside reads the groups’ names, and their tokens go on working', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const builders = await org.newGroup('Builders')
  await org.newToken(grace, 'Laptop')
  await org.setCreation({ creation: 'groups', groupIds: [builders.id] })
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: grace })
  const create = page.getByRole('button', { name: 'Create token', disabled: true })
  await eventually(() => create.getAttribute('aria-description')).toContain('Builders')
  await page
    .getByText(/Builders/)
    .first()
    .waitFor()
  await badge(page, 'Laptop', 'Active').waitFor()
})

test('the whole organization’s tokens: filtered by state, and taken back by an admin', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const laptop = await org.newToken(grace, 'Laptop')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/api-tokens`, { as: org.admin })
  const table = page.getByRole('table', { name: 'API tokens' })
  await table.getByRole('link', { name: 'Grace Hopper' }).waitFor()
  await page.getByRole('combobox', { name: 'State' }).selectOption('Expired')
  await page.getByRole('heading', { name: 'No token matches' }).waitFor()
  await page.getByRole('combobox', { name: 'State' }).selectOption('All states')

  // Nobody refreshes a token of another person.
  await page.getByRole('button', { name: 'Actions for Laptop' }).click()
  await page.getByRole('menuitem', { name: 'Refresh', disabled: true }).waitFor()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog', { name: 'Delete token' }).getByRole('button', { name: 'Delete' }).click()
  await notice(page, 'Token deleted').waitFor()
  expect(await product.introspect(laptop.secret)).toEqual({ active: false, reason: 'revoked' })
})

test('ids and the header to send can be copied', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  const things = [
    ['Copy organization id', org.id],
    ['Copy account id', org.admin.accountId],
    ['Copy header', `IB-Context: ${org.id}`],
  ] as const
  for (const [button, value] of things) {
    await page.getByRole('button', { name: button }).click()
    await eventually(() => copied(page)).toBe(value)
  }
})
