import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { eventually, openMenu } from './steps.ts'

const product = useProduct()

const refusals = {
  'a page on plain http has no clipboard': () =>
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }),
  'the browser refuses the clipboard': () =>
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: () => Promise.reject(new DOMException('denied', 'NotAllowedError')) },
      configurable: true,
    }),
}

const selectedText = () => getSelection()?.toString()

test.each(Object.entries(refusals))('a secret that was not copied is not lost: %s', async (_, refuse) => {
  const org = await product.newOrganization()
  const { page, context } = await product.visit('/', { as: org.admin })
  await context.addInitScript(refuse)
  await page.reload()
  await page.getByRole('button', { name: 'Create token' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create token' })
  await form.getByRole('textbox', { name: 'Name' }).fill('Laptop')
  await form.getByRole('button', { name: 'Create token' }).click()
  const shown = page.getByRole('dialog', { name: 'Your new token' })
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await shown.getByRole('alert').filter({ hasText: 'The text is selected' }).waitFor()
  expect(await shown.getByRole('button', { name: 'Copied' }).count()).toBe(0)
  expect(await page.evaluate(selectedText)).toMatch(/^pcu_\w{49}$/)

  await shown.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Back to the token' }).click()
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await page.keyboard.press('Control+C')
  await shown.getByRole('button', { name: 'Copied' }).waitFor()
  await shown.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('invitation links are guarded until each was copied, and copied all at once', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  await page.getByRole('button', { name: 'Add members' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add members' })
  const emails = dialog.getByRole('textbox', { name: 'Email addresses' })
  await emails.fill('grace@example.com, mary@example.com')
  await emails.press('Enter')

  // Escape asks before it loses what was typed.
  await page.keyboard.press('Escape')
  const question = page.getByRole('dialog', { name: 'Discard what you entered?' })
  await question.getByRole('button', { name: 'Keep editing' }).click()
  await dialog.getByText('grace@example.com').waitFor()
  await dialog.getByRole('button', { name: 'Add members' }).click()

  const links = page.getByRole('dialog', { name: 'Invitation links' })
  await links.getByRole('button', { name: 'Copy link' }).first().click()
  await links.getByRole('button', { name: 'Copied' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Back to the links' }).click()
  await links.getByRole('button', { name: 'Copy all links' }).click()
  await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^grace@example.com \S+\/invitations\/\S+\nmary@example.com \S+\/invitations\/\S+$/,
  )
  await links.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('refreshing keeps the expiration unless another is chosen, and the focus is on the choice', async () => {
  const org = await product.newOrganization()
  const expiresAt = new Date(Date.now() + 40 * 86_400_000).toISOString()
  const created = await org.admin.call('POST', `${org.base}/tokens`, { name: 'Laptop', expiresAt })
  const { page } = await product.visit('/', { as: org.admin })
  const refresh = async (days?: string) => {
    await openMenu(page, 'Actions for Laptop', 'Refresh')
    const dialog = page.getByRole('dialog', { name: 'Refresh token' })
    const expiration = dialog.getByRole('combobox', { name: 'Expiration' })
    await eventually(() => expiration.evaluate((element) => element === document.activeElement)).toBe(true)
    if (days) await expiration.selectOption(days)
    await dialog.getByRole('button', { name: 'Refresh' }).click()
    const shown = page.getByRole('dialog', { name: 'Your new token' })
    await shown.getByRole('button', { name: 'Copy token' }).click()
    await shown.getByRole('button', { name: 'Copied' }).waitFor()
    await shown.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    return (await org.admin.call('GET', `${org.base}/tokens/${created.body.token.id}`)).body.expiresAt as string
  }
  expect(await refresh()).toBe(expiresAt)

  // A browser whose clock is 400 days ahead does not make 407 days of seven.
  await page.clock.setFixedTime(new Date(Date.now() + 400 * 86_400_000))
  const days = (Date.parse(await refresh('7 days')) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(7)
})
