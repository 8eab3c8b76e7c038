import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { choose, eventually } from './steps.ts'

const product = useProduct()

/** Answers that search for accounts arrive late, as over a slow line. */
const delaySearch = (page: Page, ms: number) =>
  page.route(/\/(members|service-accounts)\?/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    await route.continue()
  })

test('a picker chooses nobody before it has answered what was typed', async () => {
  const org = await product.newOrganization()
  const group = await org.newGroup('Builders')
  await org.newMember('Grace Hopper')
  await org.newMember('Mary Somerville')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/groups/${group.id}`, { as: org.admin })
  await page.getByRole('button', { name: 'Add members' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add members to the group' })
  const field = dialog.getByRole('combobox', { name: 'Members' })
  await field.click()
  await page.getByRole('option', { name: /Ada Lovelace/ }).waitFor()

  await delaySearch(page, 600)
  await field.pressSequentially('Mary')
  await field.press('ArrowDown')
  await field.press('Enter')
  expect(await dialog.getByRole('button', { name: 'Add members' }).isVisible()).toBe(true)
  await page.getByRole('option', { name: /Mary Somerville/ }).waitFor()
  expect(await page.getByRole('listbox').getByRole('option').count()).toBe(1)
  await field.press('ArrowDown')
  await field.press('Enter')
  await dialog.getByRole('button', { name: 'Add members' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('row').filter({ hasText: 'Mary Somerville' }).waitFor()
  expect(await page.getByRole('row').count()).toBe(2)
})

test('people of one name are told apart by their addresses', async () => {
  const org = await product.newOrganization()
  const group = await org.newGroup('Builders')
  const [one, other] = [await org.newMember('Sam Smith'), await org.newMember('Sam Smith')]
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/groups/${group.id}`, { as: org.admin })
  await page.getByRole('button', { name: 'Add members' }).click()
  await page.getByRole('combobox', { name: 'Members' }).fill('Sam')
  for (const { email } of [one, other]) await page.getByRole('option', { name: email }).waitFor()
})

test('a selection is kept across searches, and says what it hides', async () => {
  const org = await product.newOrganization()
  await org.newMember('Grace Hopper')
  await org.newMember('Mary Somerville')
  const group = await org.newGroup('Builders')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  await page.getByRole('checkbox', { name: 'Select Grace Hopper' }).check()
  await page.getByRole('searchbox', { name: 'Search members' }).fill('Mary')
  await page.getByRole('checkbox', { name: 'Select Mary Somerville' }).check()
  await page.getByText('2 selected, 1 not shown').waitFor()
  await page.getByRole('button', { name: 'Add to group' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add to group' })
  await choose(page, 'Groups', 'Builders')
  await dialog.getByRole('button', { name: 'Add' }).last().click()
  await dialog.waitFor({ state: 'detached' })
  const members = await org.admin.call('GET', `${org.base}/groups/${group.id}/members`)
  expect(members.body.items.map(({ account }: { account: { name: string } }) => account.name).sort()).toEqual([
    'Grace Hopper',
    'Mary Somerville',
  ])
})

test('each step of adding a group begins at its first field', async () => {
  const org = await product.newOrganization()
  await org.newMember('Grace Hopper')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/groups`, { as: org.admin })
  await page.getByRole('button', { name: 'Add group' }).first().click()
  const dialog = page.getByRole('dialog', { name: /^Add group/ })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Builders')
  await page.keyboard.press('Enter')
  const isFocused = (locator: ReturnType<Page['getByRole']>) =>
    eventually(() => locator.evaluate((element) => element === document.activeElement)).toBe(true)
  await isFocused(dialog.getByRole('combobox', { name: 'Members' }))
  await choose(page, 'Members', 'Grace Hopper')
  await dialog.getByRole('button', { name: 'Next' }).click()
  await isFocused(dialog.getByRole('checkbox', { name: 'Grace Hopper' }))
  await dialog.getByText('Step 3 of 3').waitFor()
})
