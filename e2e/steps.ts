import type { Locator, Page } from 'playwright-core'

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
