import type { Page } from 'playwright-core'
import type { Organization } from './people.ts'
import { openMenu } from './steps.ts'

export const insights = (org: Organization) => `/o/${org.slug}/settings/token-insights`
export const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'Manage preview features' })
export const paletteButton = (page: Page) => page.getByRole('button', { name: /^Search/ })
export const palette = (page: Page) => page.getByRole('dialog', { name: 'Command palette' })

/** The source document's way: header, initials, Settings, the organization's tab, Manage. */
export async function openDialog(page: Page, org: Organization) {
  await page.getByRole('banner').getByRole('button', { name: 'Account menu' }).click()
  await page.getByRole('menuitem', { name: 'Settings', exact: true }).click()
  await page.getByRole('tab', { name: org.name, exact: true }).click()
  await openMenu(page, 'Manage', 'Manage preview features')
  await dialogOf(page).getByRole('list', { name: 'Preview features' }).waitFor()
}
