import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import type { Organization } from './people.ts'
import { choose, eventually, notice, openSettings } from './steps.ts'

const product = useProduct()

const membersPage = (org: Organization) =>
  product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
const allow = 'Allow members to create API tokens'

test('the dialog: what is chosen decides what is shown, and what can be saved', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  await org.newGroup('Builders', [{ id: grace.accountId }])
  const { page } = await membersPage(org)
  const dialog = await openSettings(page, org.name)
  const save = dialog.getByRole('button', { name: 'Save changes' })

  await eventually(() => save.isDisabled()).toBe(true)
  await dialog.getByRole('checkbox', { name: allow }).uncheck()
  expect(await save.isEnabled()).toBe(true)
  expect(await dialog.getByRole('radio').count()).toBe(0)
  await dialog.getByRole('checkbox', { name: allow }).check()
  expect(await save.isDisabled()).toBe(true)

  await dialog.getByRole('radio', { name: 'Selected groups' }).check()
  expect(await save.isDisabled()).toBe(true)
  const outside = dialog.getByRole('checkbox', {
    name: 'Also suspend existing tokens of accounts outside the selected groups',
  })
  expect(await outside.isChecked()).toBe(false)
  await choose(page, 'Groups', 'buil', /^Builders\s*1 member$/)
  expect(await save.isEnabled()).toBe(true)

  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await org.settings()).toMatchObject({ apiTokens: { creation: 'all', groupIds: [] } })
})

test('the impact follows the choice: figures, tokens by name, the warning that nothing would be left', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const laptop = await org.newToken(grace, 'Laptop')
  await org.newToken(org.admin, 'Report')
  await product.introspect(laptop.secret)
  const { page } = await membersPage(org)
  const dialog = await openSettings(page, org.name)

  await dialog.getByRole('checkbox', { name: allow }).uncheck()
  await dialog.getByText(/2 accounts lose the ability to create tokens and 2 tokens are suspended/).waitFor()
  const examples = dialog.getByRole('list', { name: 'The first tokens affected' })
  await examples.getByRole('listitem').filter({ hasText: 'Laptop of Grace Hopper' }).waitFor()
  await examples.getByRole('listitem').filter({ hasText: 'Report of Ada Lovelace' }).waitFor()
  await dialog.getByText(/OAuth provider/).waitFor()

  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await notice(page, '2 tokens suspended').waitFor()
  await notice(page, /In effect on 1 server/).waitFor()
  expect(await product.introspect(laptop.secret)).toMatchObject({ active: false, reason: 'suspended' })
})

test('also suspending the existing tokens outside the groups, and what was selected is kept while all is off', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  await org.newGroup('Builders', [{ id: grace.accountId }])
  const inside = await org.newToken(grace, 'Laptop')
  const outside = await org.newToken(org.admin, 'Report')
  const { page } = await membersPage(org)
  const dialog = await openSettings(page, org.name)
  await dialog.getByRole('radio', { name: 'Selected groups' }).check()
  await choose(page, 'Groups', 'Builders')
  await dialog.getByRole('checkbox', { name: /^Also suspend existing tokens/ }).check()
  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await notice(page, '1 token suspended').waitFor()
  expect(await product.introspect(inside.secret)).toMatchObject({ active: true })
  expect(await product.introspect(outside.secret)).toMatchObject({ active: false, reason: 'suspended' })

  const again = await openSettings(page, org.name)
  await again.getByRole('checkbox', { name: allow }).uncheck()
  await again.getByRole('button', { name: 'Save changes' }).click()
  await again.waitFor({ state: 'detached' })
  expect(await product.introspect(inside.secret)).toMatchObject({ active: false, reason: 'suspended' })

  const third = await openSettings(page, org.name)
  await third.getByRole('checkbox', { name: allow }).check()
  expect(await third.getByRole('radio', { name: 'Selected groups' }).isChecked()).toBe(true)
  await third.getByText('Builders', { exact: true }).waitFor()
  await third.getByRole('button', { name: 'Save changes' }).click()
  await third.waitFor({ state: 'detached' })
  expect(await product.introspect(inside.secret)).toMatchObject({ active: true })
  expect(await product.introspect(outside.secret)).toMatchObject({ active: false, reason: 'suspended' })
})

test('turning API tokens on again preselects what was in force before the stop (P13)', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const group = await org.newGroup('Builders', [{ id: grace.accountId }])
  const outside = await org.newToken(org.admin, 'Report')
  const limited = { groupIds: [group.id], suspendOutsideGroups: true }
  await org.setCreation({ creation: 'groups', ...limited })
  await org.setCreation({ creation: 'all', ...limited })
  await org.setCreation({ creation: 'none', ...limited })
  const { page } = await membersPage(org)
  const dialog = await openSettings(page, org.name)
  await dialog.getByRole('checkbox', { name: allow }).check()
  expect(await dialog.getByRole('radio', { name: 'All members' }).isChecked()).toBe(true)

  await dialog.getByRole('radio', { name: 'Selected groups' }).check()
  await dialog.getByText(/1 token stays suspended/).waitFor()
  await dialog.getByRole('radio', { name: 'All members' }).check()
  await dialog.getByText(/1 token works again/).waitFor()
  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await product.introspect(outside.secret)).toMatchObject({ active: true })
})

test('a save is undone from its notice, unless somebody saved since', async () => {
  const org = await product.newOrganization()
  const token = await org.newToken(org.admin, 'Report')
  const { page, watched } = await membersPage(org)
  const stop = async () => {
    const dialog = await openSettings(page, org.name)
    await dialog.getByRole('checkbox', { name: allow }).uncheck()
    await dialog.getByRole('button', { name: 'Save changes' }).click()
    await dialog.waitFor({ state: 'detached' })
    return notice(page, '1 token suspended')
  }
  await (await stop()).getByRole('button', { name: 'Undo' }).click()
  await notice(page, 'Settings restored').waitFor()
  expect(await product.introspect(token.secret)).toMatchObject({ active: true })

  const second = await stop()
  await org.setCreation({ creation: 'all' })
  watched.expect(`412 ${org.base}/settings`)
  await second.getByRole('button', { name: 'Undo' }).click()
  await notice(page, 'Nothing was undone').waitFor()
  expect(await org.settings()).toMatchObject({ apiTokens: { creation: 'all' } })
})

test('two admins at once: both sides are shown; theirs is taken, or mine is saved', async () => {
  const org = await product.newOrganization()
  const mary = await org.newMember('Mary Somerville', { role: 'admin' })
  const group = await org.newGroup('Builders', [{ id: mary.accountId }])
  const { page, watched } = await membersPage(org)
  watched.expect(`412 ${org.base}/settings`)

  const meet = async (theirs: Parameters<typeof org.setCreation>[0], says: string) => {
    const dialog = await openSettings(page, org.name)
    await dialog.getByRole('checkbox', { name: allow }).uncheck()
    await org.setCreation(theirs, mary)
    await dialog.getByRole('button', { name: 'Save changes' }).click()
    await dialog.getByText(/Mary Somerville changed these settings/).waitFor()
    await dialog.getByRole('region', { name: 'Theirs' }).getByText(says).waitFor()
    await dialog.getByRole('region', { name: 'Yours' }).getByText('Members may not create API tokens').waitFor()
    expect(await org.settings()).toMatchObject({ apiTokens: { creation: theirs.creation } })
    return dialog
  }

  const first = await meet({ creation: 'groups', groupIds: [group.id] }, 'Builders')
  await first.getByRole('button', { name: 'Use theirs' }).click()
  await eventually(() => first.getByRole('radio', { name: 'Selected groups' }).isChecked()).toBe(true)
  expect(await first.getByRole('button', { name: 'Save changes' }).isDisabled()).toBe(true)
  await first.getByRole('button', { name: 'Cancel' }).click()
  await first.waitFor({ state: 'detached' })

  const second = await meet({ creation: 'all' }, 'All members may create API tokens')
  await second.getByRole('button', { name: 'Save mine' }).click()
  await second.waitFor({ state: 'detached' })
  expect(await org.settings()).toMatchObject({ apiTokens: { creation: 'none' } })
})

test('renaming the organization renames its tab', async () => {
  const org = await product.newOrganization()
  const { page } = await membersPage(org)
  await page.getByRole('button', { name: 'Manage' }).click()
  await page.getByRole('menuitem', { name: 'Rename organization' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rename organization' })
  await dialog.getByLabel('Name').fill('Difference Engines')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('tab', { name: 'Difference Engines' }).waitFor()
})
