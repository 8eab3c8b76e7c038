import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { overflow } from './browser.ts'
import { axe, useProduct } from './harness.ts'
import { eventually } from './steps.ts'

const product = useProduct()

const screenshots = process.env.PORTCULLIS_TEST_SCREENSHOTS

/** Looks at a page in both schemes and at both widths; keeps pictures where a folder is named. */
async function look(page: Page, name: string): Promise<string[]> {
  const faults: string[] = []
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
      if (screenshots)
        await page.screenshot({ path: `${screenshots}/${name}-${colorScheme}-${width}.png`, animations: 'disabled' })
      const found = [...(await axe(page, 'colours')), ...(await overflow(page))]
      faults.push(...found.map((fault) => `${name} ${colorScheme} ${width}: ${fault}`))
    }
  }
  return faults
}

test('the dangerous entry of an open menu has enough contrast, in light and dark, also when it is active', async () => {
  const org = await product.newOrganization()
  await org.newGroup('Platform')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/groups`, { as: org.admin })
  await page.getByRole('button', { name: 'Actions for Platform' }).click()
  await page.getByRole('menuitem', { name: 'Delete group' }).waitFor()
  const faults = await look(page, 'menu')
  await page.getByRole('menuitem', { name: 'Delete group' }).hover()
  faults.push(...(await look(page, 'menu-hover')))
  expect(faults).toEqual([])
})

test('a name of 100 letters without a break stays within the page, wherever it is shown', async () => {
  const org = await product.newOrganization('O'.repeat(100))
  const name = 'W'.repeat(100)
  const grace = await org.newMember('G'.repeat(100))
  const robot = await org.newServiceAccount('R'.repeat(100))
  const group = await org.newGroup(name, [{ id: grace.accountId, role: 'manager' }, { id: robot.id }])
  await org.newGroup(`${'V'.repeat(99)}2`)
  await org.setCreation({ creation: 'groups', groupIds: [group.id] })
  const faults: string[] = []
  const settings = `/o/${org.slug}/settings`
  const asAdmin: [name: string, path: string, shown?: string][] = [
    ['groups', '/organization/groups'],
    ['group', `/organization/groups/${group.id}`],
    ['group-edit', `/organization/groups/${group.id}?dialog=edit-group&id=${group.id}`],
    ['group-delete', `/organization/groups/${group.id}?dialog=delete-group&id=${group.id}`],
    ['group-remove', `/organization/groups/${group.id}?dialog=remove-group-member&id=${grace.accountId}`],
    ['members', '/organization/members'],
    ['member', `/organization/members/${grace.accountId}`],
    ['robots', '/organization/service-accounts'],
    ['robot', `/organization/service-accounts/${robot.id}`],
    ['settings', '/organization/groups?dialog=organization-settings'],
    ['audit', '/organization/audit-log'],
    ['apis-refused', '/apis'],
  ]
  const { page } = await product.visit(`${settings}/account`, { as: org.admin })
  for (const [at, path] of asAdmin) {
    await page.goto(settings + path)
    if (path.includes('dialog=')) await page.getByRole('dialog').getByRole('button').nth(1).waitFor()
    else
      await page
        .locator('main')
        .getByText(/W{60}|O{60}|G{60}|R{60}/)
        .first()
        .waitFor()
    if (at === 'audit') for (const summary of await page.locator('summary').all()) await summary.click()
    faults.push(...(await look(page, `long-${at}`)))
  }
  const { page: members } = await product.visit(`${settings}/organization`, { as: grace })
  await members.getByText(name).first().waitFor()
  faults.push(...(await look(members, 'long-overview')))
  expect(faults).toEqual([])
})

test('names that read from right to left keep their order in a list', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const names = ['א 1', 'ב 2', 'ג 3']
  for (const name of names) await org.newGroup(name, [{ id: grace.accountId }])
  const robot = await org.newServiceAccount('Deploy')
  for (const { id } of (await org.admin.call('GET', `${org.base}/groups`)).body.items)
    await org.admin.call('PUT', `${org.base}/groups/${id}/members/${robot.id}`, { role: 'member' })
  const other = await org.newMember('Mary Ward')

  /** Where each name begins, from left to right. */
  const order = (page: Page) =>
    page.evaluate((wanted) => {
      const found = [...document.querySelectorAll('main bdi')].filter((element) =>
        wanted.includes(element.textContent ?? ''),
      )
      return found
        .map((element) => ({ name: element.textContent, ...element.getBoundingClientRect().toJSON() }))
        .sort((one, next) => one.top - next.top || one.left - next.left)
        .map(({ name }) => name)
    }, names)

  const places: [path: string, as: typeof grace][] = [
    ['/members', org.admin],
    ['/service-accounts', org.admin],
    ['', other],
  ]
  for (const [path, as] of places) {
    const { page } = await product.visit(`/o/${org.slug}/settings/organization${path}`, { as })
    await page.getByText(names[2]!).first().waitFor()
    expect(await order(page)).toEqual(names)
    expect(await look(page, `rtl-${path.slice(1) || 'overview'}`)).toEqual([])
  }
})

test('the audit log shows labelled fields and names, and never JSON', async () => {
  const org = await product.newOrganization()
  const group = await org.newGroup('Platform')
  const grace = await org.newMember('Grace Hopper')
  await org.setCreation({ creation: 'groups', groupIds: [group.id], suspendOutsideGroups: true })
  await org.setCreation({ creation: 'none' })
  await org.newProvider('https://login.example.com', { name: 'Company login' })
  await org.admin.call('PUT', `${org.base}/groups/${group.id}/members/${grace.accountId}`, { role: 'manager' })
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/audit-log`, { as: org.admin })
  const events = page.getByRole('table', { name: 'Audit log' }).locator('tbody').getByRole('row')
  await events.filter({ hasText: 'changed who can create API tokens' }).first().waitFor()
  for (const summary of await page.locator('summary').all()) await summary.click()
  // biome-ignore lint/performance/useDomNodeTextContent: fields and values stand on lines of their own only as laid out.
  const text = await page.locator('main').innerText()
  expect(text).not.toMatch(/[{}[\]]|undefined|\[object|"\w+":/)
  expect(text).toMatch(/Who can create API tokens\s+Selected groups/)
  expect(text).toMatch(/Groups\s+Platform/)
  expect(text).not.toContain(group.id)
  await page.evaluate(() => window.scrollTo(0, 0))
  expect(await look(page, 'audit')).toEqual([])
})

test('a member who opens a page for admins reads so, and whom to ask', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: grace })
  for (const path of [
    'members',
    'groups',
    'service-accounts',
    'oauth-providers',
    'api-tokens',
    'audit-log',
    `members/${grace.accountId}`,
  ]) {
    const address = `/o/${org.slug}/settings/organization/${path}`
    await page.goto(address)
    await page.getByRole('heading', { name: 'Only admins can open this page' }).waitFor()
    await page.getByText('ask an admin: Ada Lovelace.').waitFor()
    expect(new URL(page.url()).pathname).toBe(address)
  }
  expect(await look(page, 'admins-only')).toEqual([])
  await page.getByRole('link', { name: 'Go to your organization' }).click()
  await page.getByText('Your role here:').waitFor()
})

test('a print holds every row, and the keys for printing load the rest first', async () => {
  const org = await product.newOrganization()
  for (const _ of Array.from({ length: 3 }))
    await org.admin.call('POST', `${org.base}/invitations`, {
      emails: Array.from(
        { length: 50 },
        (__, index) => `person-${_ ?? ''}${Math.random().toString(36).slice(2)}-${index}@example.com`,
      ),
      role: 'member',
    })
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  const rows = page.getByRole('table', { name: 'Members' }).locator('tbody tr')
  await rows
    .filter({ hasText: '(you)' })
    .or(rows.filter({ hasText: '@example.com' }))
    .first()
    .waitFor()
  await page.evaluate(() => {
    window.print = () => void document.body.setAttribute('data-printed', 'yes')
  })
  await page.keyboard.press('Control+p')
  await page.locator('body[data-printed]').waitFor({ state: 'attached' })
  expect(await rows.count()).toBeLessThan(100)
  await page.emulateMedia({ media: 'print' })
  await eventually(() => rows.count()).toBe(151)
  expect(await page.getByText('rows are printed').count()).toBe(0)
  await page.emulateMedia({ media: 'screen' })
  await eventually(async () => (await rows.count()) < 100).toBe(true)
})

test('a print says so where not every row is loaded', async () => {
  const org = await product.newOrganization()
  const emails = (batch: number) =>
    Array.from({ length: 100 }, (_, index) => `p${batch}-${index}-${org.slug}@example.com`)
  for (const batch of [1, 2, 3])
    await org.admin.call('POST', `${org.base}/invitations`, { emails: emails(batch), role: 'member' })
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  const rows = page.getByRole('table', { name: 'Members' }).locator('tbody tr')
  await rows
    .filter({ hasText: '(you)' })
    .or(rows.filter({ hasText: '@example.com' }))
    .first()
    .waitFor()
  await page.emulateMedia({ media: 'print' })
  await page.getByText(/^Only the first \d+ rows are printed/).waitFor()
})
