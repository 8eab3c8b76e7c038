import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { password } from './people.ts'
import { choose, copied, eventually, notice, openMenu } from './steps.ts'

const product = useProduct()

const membersOf = (slug: string) => `/o/${slug}/settings/organization/members`

test('several invited at once, a bad address is marked; a link is copied and accepted in another browser', async () => {
  const org = await product.newOrganization('Analytical Engines')
  await org.newGroup('Builders')
  const { page } = await product.visit(membersOf(org.slug), { as: org.admin })
  await page.getByRole('button', { name: 'Add members' }).click()
  const form = page.getByRole('dialog', { name: 'Add members' })
  const emails = form.getByRole('textbox', { name: 'Email addresses' })
  await emails.pressSequentially('grace@example.com,')
  await emails.pressSequentially('not-an-address')
  await emails.press('Enter')
  await page.evaluate(() => navigator.clipboard.writeText('Linus Pauling <linus@example.com>; mary@example.com'))
  await emails.press('ControlOrMeta+v')
  for (const email of ['grace@example.com', 'not-an-address', 'linus@example.com', 'mary@example.com'])
    await form.getByText(email, { exact: true }).waitFor()
  await choose(page, 'Groups', 'Builders')

  // Marked, not dropped; nobody is invited meanwhile.
  await form.getByRole('button', { name: 'Add members' }).click()
  await form.getByText('Not an email address: not-an-address').waitFor()
  expect((await org.admin.call('GET', `${org.base}/members?status=invited`)).body.items).toEqual([])
  await form.getByRole('button', { name: 'Leave not-an-address out' }).click()
  await form.getByRole('button', { name: 'Add members' }).click()

  const links = page.getByRole('dialog', { name: 'Invitation links' })
  await links.getByText('mary@example.com').waitFor()
  await links.getByRole('button', { name: 'Copy link' }).first().click()
  await eventually(() => copied(page)).toContain(`${product.url}/invitations/`)
  const link = await copied(page)
  await links.getByRole('button', { name: 'Copy all links' }).click()
  await links.getByRole('button', { name: 'Copied' }).first().waitFor()
  await links.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('row').filter({ hasText: 'grace@example.com' }).getByText('Invited').waitFor()

  const there = await product.visit(new URL(link).pathname)
  there.watched.expect('401 /api/v1/me')
  await there.page.getByRole('heading', { name: 'Join Analytical Engines' }).waitFor()
  await there.page.getByRole('textbox', { name: 'Your name' }).fill('Grace Hopper')
  await there.page.getByLabel('Password', { exact: true }).fill(password)
  await there.page.getByRole('button', { name: 'Join' }).click()
  await there.page.getByRole('heading', { name: 'AI Hub tokens' }).waitFor()
  await there.page.getByRole('tab', { name: 'Analytical Engines' }).click()
  await there.page.getByRole('link', { name: 'Builders' }).waitFor()

  await page.reload()
  await page.getByRole('row').filter({ hasText: 'Grace Hopper' }).getByText('Joined').waitFor()
})

test('somebody who signs in already joins a second organization as themselves, and switches', async () => {
  const first = await product.newOrganization('Analytical Engines')
  const second = await product.newOrganization('Difference Engines')
  const grace = await first.newMember('Grace Hopper')
  const { acceptUrl } = await second.invite(grace.email)
  const link = new URL(acceptUrl).pathname
  const { page, watched } = await product.visit(link)
  watched.expect('401 /api/v1/me')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('textbox', { name: 'Email' }).fill(grace.email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Join Difference Engines' }).waitFor()
  await page.getByRole('button', { name: 'Join' }).click()
  await page.getByRole('heading', { name: 'AI Hub tokens' }).waitFor()
  await page.goto(`/o/${first.slug}/settings/apis`)
  await openMenu(page, 'Account menu', 'Switch to Difference Engines')
  await page.getByRole('tab', { name: 'Difference Engines' }).waitFor()
})

test('a role is changed and holds at once; the last admin can’t give it up', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const { page, watched } = await product.visit(membersOf(org.slug), { as: org.admin })
  watched.expect(`409 ${org.base}/members/`)

  await openMenu(page, 'Actions for Ada Lovelace', 'Change role')
  const dialog = page.getByRole('dialog', { name: 'Change role' })
  await dialog.getByRole('radio', { name: 'Member' }).check()
  await dialog.getByRole('button', { name: 'Change role' }).click()
  await dialog.getByRole('alert').filter({ hasText: /admin/ }).waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await openMenu(page, 'Actions for Grace Hopper', 'Change role')
  await dialog.getByRole('radio', { name: 'Admin' }).check()
  await dialog.getByRole('button', { name: 'Change role' }).click()
  await notice(page, 'Role changed').waitFor()
  await page
    .getByRole('row')
    .filter({ hasText: 'Grace Hopper' })
    .getByRole('cell', { name: 'Admin', exact: true })
    .waitFor()
  expect((await grace.call('GET', `${org.base}/audit-events`)).status).toBe(200)
})

test('several chosen are put into a group; the list is searched and filtered by its address', async () => {
  const org = await product.newOrganization()
  await org.newMember('Grace Hopper')
  await org.newMember('Linus Pauling')
  await org.invite('mary@example.com')
  const group = await org.newGroup('Builders')
  const { page } = await product.visit(membersOf(org.slug), { as: org.admin })
  expect(await page.getByRole('button', { name: 'Add to group' }).count()).toBe(0)
  await page.getByRole('checkbox', { name: 'Select Grace Hopper' }).check()
  await page.getByRole('checkbox', { name: 'Select Linus Pauling' }).check()
  await page.getByText('2 selected').waitFor()
  await page.getByRole('button', { name: 'Add to group' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add to group' })
  await choose(page, 'Groups', 'Builders')
  await dialog.getByRole('button', { name: 'Add to group' }).click()
  await dialog.waitFor({ state: 'detached' })
  const { body } = await org.admin.call('GET', `${org.base}/groups/${group.id}/members`)
  expect(body.items.map((it: { account: { name: string } }) => it.account.name).sort()).toEqual([
    'Grace Hopper',
    'Linus Pauling',
  ])

  await page.getByRole('searchbox', { name: 'Search members' }).fill('hop')
  await page.getByRole('row').filter({ hasText: 'Linus' }).waitFor({ state: 'detached' })
  await page.getByRole('row').filter({ hasText: 'Grace' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search members' }).fill('')
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Invited')
  await page.getByRole('row').filter({ hasText: 'Grace' }).waitFor({ state: 'detached' })
  await page.getByRole('row').filter({ hasText: 'mary@example.com' }).waitFor()
  await page.reload()
  await page.getByRole('row').filter({ hasText: 'mary@example.com' }).waitFor()
  expect(await page.getByRole('row').filter({ hasText: 'Grace' }).count()).toBe(0)
})

test('an invitation’s new link is shown: the earlier one is dead, and the member’s removal names what is lost', async () => {
  const org = await product.newOrganization()
  const { acceptUrl } = await org.invite('mary@example.com')
  const grace = await org.newMember('Grace Hopper')
  const laptop = await org.newToken(grace, 'Laptop')
  const { page } = await product.visit(membersOf(org.slug), { as: org.admin })

  await openMenu(page, 'Actions for mary@example.com', 'Show link')
  await page.getByRole('dialog').getByRole('button', { name: 'Show link' }).click()
  const shown = page.getByRole('dialog', { name: 'Invitation link' })
  await shown.getByRole('button', { name: 'Copy link' }).click()
  await shown.getByRole('button', { name: 'Copied' }).waitFor()
  await shown.getByRole('button', { name: 'Done' }).click()
  const there = await product.visit(new URL(acceptUrl).pathname)
  there.watched.expect('404 /api/v1/invitations/', '401 /api/v1/me')
  await there.page.getByRole('heading', { name: 'This invitation can’t be used' }).waitFor()

  await openMenu(page, 'Actions for Grace Hopper', 'Remove')
  const remove = page.getByRole('dialog', { name: 'Remove member' })
  await remove.getByText(/tokens are revoked for good/).waitFor()
  await remove.getByRole('button', { name: 'Remove' }).click()
  await notice(page, 'Member removed').waitFor()
  await page.getByRole('row').filter({ hasText: 'Grace' }).waitFor({ state: 'detached' })
  expect(await product.introspect(laptop.secret)).toMatchObject({ active: false, reason: 'owner_removed' })
})
