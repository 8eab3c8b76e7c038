import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { insights, palette, paletteButton } from './previews.ts'
import { eventually, notice } from './steps.ts'

const product = useProduct()

test('token insights: the period and the view stay in the address; what is worth a look can be dealt with there', async () => {
  const org = await product.newOrganization()
  await org.choosePreviews(['token-insights'])
  const { page } = await product.visit(insights(org), { as: org.admin })
  await page.getByRole('heading', { name: 'No tokens yet' }).waitFor()
  const robot = await org.newServiceAccount('Nightly build')
  const nightly = await org.newToken(org.admin, 'Nightly report', { accountId: robot.id })
  await org.newToken(org.admin, 'Laptop')
  for (let uses = 0; uses < 3; uses++) await product.withToken(nightly.secret)('GET', '/api/v1/me')
  // Uses are written in batches.
  const counted = async () => {
    const { days } = (await org.admin.call('GET', `${org.base}/tokens/usage?days=7`)).body
    return days.reduce((sum: number, it: { count: number }) => sum + it.count, 0)
  }
  await eventually(counted).toBe(3)
  await page.reload()
  await page.getByRole('img', { name: /^Uses per day\. 3 uses in the last 30 days, by 1 token/ }).waitFor()
  await page.getByRole('combobox', { name: 'Period' }).selectOption('Last 7 days')
  await page.getByText(/^3 uses in the last 7 days/).waitFor()
  await page.getByText('Show as a table').click()
  await eventually(() => page.getByRole('region', { name: 'Uses per day' }).getByRole('row').count()).toBe(8)
  await page.getByText('Per account').click()
  const perAccount = page.getByRole('table', { name: 'Use per account' })
  await perAccount.getByRole('row').filter({ hasText: 'Nightly build' }).filter({ hasText: '3' }).waitFor()
  await page.reload()
  await perAccount.waitFor()
  await page.getByText(/^3 uses in the last 7 days/).waitFor()

  const look = page.getByRole('table', { name: 'Worth a look' })
  const laptop = look.getByRole('row').filter({ hasText: 'Laptop' })
  await laptop.getByText('Never expires').waitFor()
  await laptop.getByRole('button', { name: 'Actions for Laptop' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog', { name: 'Delete token' }).getByRole('button', { name: 'Delete' }).click()
  await notice(page, 'Token deleted').waitFor()
  await eventually(() => laptop.count()).toBe(0)
})

test('every page and action of the palette leads where it says', async () => {
  const org = await product.newOrganization('Analytical Engines')
  await org.choosePreviews(['token-insights', 'command-palette'])
  const { page } = await product.visit('/', { as: org.admin })
  const open = async () => {
    await paletteButton(page).click()
    await palette(page).getByRole('option').first().waitFor()
    await palette(page).getByRole('combobox').and(page.locator(':focus')).waitFor()
  }
  await open()
  const offered = (await palette(page).getByRole('option').locator('bdi').allTextContents()).filter(
    (it) => !/^(Help|Sign out|Colours: .*)$/.test(it),
  )
  expect(offered).toEqual([
    ...['Account', 'APIs', 'Token insights', 'Analytical Engines', 'Members', 'Groups', 'Service accounts'],
    ...['OAuth providers', 'API tokens', 'Audit log', 'Create token', 'Add members', 'Add group'],
    ...['Add service account', 'Add provider', 'Update organization settings', 'Manage preview features'],
    'Rename organization',
  ])
  await page.keyboard.press('Escape')
  for (const label of offered) {
    await open()
    await page.keyboard.type(label)
    await page.keyboard.press('Enter')
    await palette(page).waitFor({ state: 'detached' })
    const dialog = page.getByRole('dialog', { name: label, exact: true })
    const tab = page.getByRole('tab', { name: new RegExp(`^${label}`), selected: true })
    await dialog.or(tab).first().waitFor()
    if ((await dialog.count()) === 0) continue
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
})
