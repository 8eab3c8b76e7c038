import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** For what is not on a page and arrives a little later. */
export const eventually = <Value>(look: () => Value | Promise<Value>) => expect.poll(look, { timeout: 60_000 })

/** Opens a menu by its button's name and chooses an entry. */
export async function openMenu(page: Page, button: string, entry: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
  await page.getByRole('menuitem', { name: entry, exact: true }).click()
}

/** The way of the source document: header, initials, Settings, the tab with the organization's name, Manage. */
export async function openSettings(page: Page, organization: string): Promise<Locator> {
  await openMenu(page, 'Account menu', 'Settings')
  await page.getByRole('tab', { name: organization, exact: true }).click()
  await openMenu(page, 'Manage', 'Update organization settings')
  return page.getByRole('dialog', { name: 'Update organization settings' })
}

/** Types into a picker that searches, chooses what it finds, and goes on to the next field. */
export async function choose(
  page: Page,
  picker: string,
  typed: string,
  option: string | RegExp = typed,
): Promise<void> {
  await page.getByRole('combobox', { name: picker, exact: true }).fill(typed)
  await page.getByRole('option', { name: option }).click()
  await page.keyboard.press('Tab')
}

/** The quiet confirmation after an action. */
export const notice = (page: Page, says: string | RegExp) => page.getByRole('alert').filter({ hasText: says }).first()

export const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText())
