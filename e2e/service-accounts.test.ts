import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { copied, eventually, notice, openMenu } from './steps.ts'

const product = useProduct()

test('a service account and its first token, which works', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/service-accounts`, { as: org.admin })
  await page.getByRole('heading', { name: 'No service accounts yet' }).waitFor()
  await page.getByRole('button', { name: 'Add service account' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Add service account' })
  await dialog.getByRole('textbox', { name: 'Display name' }).fill('Nightly build')
  await dialog.getByRole('combobox', { name: 'Role' }).selectOption('Admin')
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  const first = page.getByRole('dialog', { name: 'Its first token' })
  await first.getByRole('textbox', { name: 'Name' }).fill('First')
  await first.getByRole('button', { name: 'Create token' }).click()
  const shown = page.getByRole('dialog', { name: 'Your new token' })
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await eventually(() => copied(page)).toMatch(/^pcs_/)
  const { status, body } = await product.withToken(await copied(page))('GET', '/api/v1/me')
  expect([status, body.account.name, body.organizations[0].role]).toEqual([200, 'Nightly build', 'admin'])
  await shown.getByRole('button', { name: 'Done' }).click()

  // Its page: another token, its groups, its end.
  await page.getByRole('link', { name: 'Nightly build' }).click()
  await page.getByRole('button', { name: 'Add token' }).click()
  const add = page.getByRole('dialog', { name: 'Add token' })
  await add.getByRole('textbox', { name: 'Name' }).fill('Second')
  await add.getByRole('button', { name: 'Create token' }).click()
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await shown.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('row').filter({ hasText: 'Second' }).getByText('Active').waitFor()

  const secret = await copied(page)
  await openMenu(page, 'Actions for Nightly build', 'Delete')
  const remove = page.getByRole('dialog', { name: 'Delete service account' })
  await remove.getByText(/tokens are revoked for good/).waitFor()
  await remove.getByRole('button', { name: 'Delete' }).click()
  await notice(page, 'Service account deleted').waitFor()
  expect(await product.introspect(secret)).toMatchObject({ active: false, reason: 'owner_removed' })
})

test('without a first token: skipped; and outside the selected groups the reason is said', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/service-accounts`, { as: org.admin })
  const dialog = page.getByRole('dialog', { name: 'Add service account' })
  const create = async (name: string) => {
    await page.getByRole('button', { name: 'Add service account' }).first().click()
    await dialog.getByRole('textbox', { name: 'Display name' }).fill(name)
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  }
  await create('Report')
  await page.getByRole('dialog', { name: 'Its first token' }).getByRole('button', { name: 'Skip' }).click()
  await page.getByRole('link', { name: 'Report' }).waitFor()

  const group = await org.newGroup('Builders')
  await org.setCreation({ creation: 'groups', groupIds: [group.id] })
  await create('Deploy')
  const first = page.getByRole('dialog', { name: 'Its first token' })
  await first.getByText(/Builders/).waitFor()
  await first.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('link', { name: 'Deploy' }).click()
  const add = page.getByRole('button', { name: 'Add token', disabled: true }).first()
  await eventually(() => add.getAttribute('aria-description')).toContain('Builders')
})
