import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { keyboard } from './keyboard.ts'
import type { Organization, Person } from './people.ts'
import { dialogOf, insights, openDialog, palette, paletteButton } from './previews.ts'
import { eventually, notice } from './steps.ts'

// What the operator publishes beside the console's own two.
const folder = mkdtempSync(join(tmpdir(), 'pcf-'))
const file = join(folder, 'features.yaml')
const alerts = `
  - key: usage-alerts
    name: Usage alerts
    description: A mail when a token is used far more than usual.
    stage: public_preview
    documentation: https://example.com/docs/alerts
    feedback: https://example.com/feedback
    since: 2026-10-01
    plannedEnd: 2027-01-31
    requires: [token-insights]
`
const general = `
  - key: token-insights
    name: Token insights
    description: How often API tokens are used.
    stage: general_availability
`
writeFileSync(file, `features:${alerts}`)
const product = useProduct({ configured: { PORTCULLIS_FEATURES: file } })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const box = (page: Page, name: string) => dialogOf(page).getByRole('checkbox', { name, exact: true })
const insightsTab = (page: Page) => page.getByRole('tab', { name: /^Token insights/ })

async function update(page: Page, says: string | RegExp) {
  await dialogOf(page).getByRole('button', { name: 'Update', exact: true }).click()
  await dialogOf(page).waitFor({ state: 'detached' })
  await notice(page, says).waitFor()
}

/** What the page has asked for of the previews' own code. */
function codeOf(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (it) => {
    const found = /\/assets\/(token-insights-page|command-palette|day-chart)/.exec(it.url())
    if (found) asked.push(found[1]!)
  })
  return asked
}

/** F5: nothing of the previews is there, and none of their code is asked for. */
async function expectAbsent(page: Page, org: Organization, as: Person, asked: string[]) {
  const before = asked.length
  expect(await insightsTab(page).count()).toBe(0)
  expect(await paletteButton(page).count()).toBe(0)
  await page.keyboard.press('Control+k')
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect((await as.call('GET', `${org.base}/tokens/usage`)).status).toBe(404)
  await page.goto(insights(org))
  await page.getByRole('heading', { name: 'Not found' }).waitFor()
  expect(asked.slice(before)).toEqual([])
}

test('as the document walks: list, select, Update; every member has it, tagged; nobody else; and gone again', async () => {
  const org = await product.newOrganization('Analytical Engines')
  const other = await product.newOrganization('Difference Engines')
  const grace = await org.newMember('Grace Hopper')
  const linus = await other.newMember('Linus Pauling')
  const token = await org.newToken(grace, 'Laptop')
  const [admin, member, stranger] = await Promise.all([
    product.visit('/', { as: org.admin }),
    product.visit('/', { as: grace }),
    product.visit('/', { as: linus }),
  ])
  for (const { page } of [admin, member, stranger])
    await page.getByRole('heading', { name: 'AI Hub tokens', exact: true }).waitFor()
  const [asked, askedByStranger] = [codeOf(member.page), codeOf(stranger.page)]
  await expectAbsent(member.page, org, grace, asked)
  await member.page.goto('/')

  await openDialog(admin.page, org)
  await dialogOf(admin.page).getByText('Stability and performance of preview features aren’t guaranteed').waitFor()
  const button = dialogOf(admin.page).getByRole('button', { name: 'Update', exact: true })
  expect(await button.isDisabled()).toBe(true)
  await box(admin.page, 'Token insights').check()
  await box(admin.page, 'Command palette').check()
  await update(admin.page, 'Token insights and Command palette turned on')

  // Without a reload, on the page that the member has open.
  await member.page.getByRole('tab', { name: 'Token insights Preview', exact: true }).waitFor()
  await paletteButton(member.page).waitFor()
  await product.withToken(token.secret)('GET', '/api/v1/me')
  await insightsTab(member.page).click()
  await member.page.getByRole('heading', { name: 'Token insights', exact: true }).waitFor()
  await member.page.getByRole('row').filter({ hasText: 'Laptop' }).first().waitFor()
  await member.page.getByRole('button', { name: 'Preview: about Token insights' }).click()
  const card = member.page.getByRole('dialog').filter({ hasText: 'Token insights is in preview' })
  await card.getByText(/stability and performance aren’t guaranteed/).waitFor()
  await card.getByRole('button', { name: 'Send feedback' }).click()
  const feedback = member.page.getByRole('dialog', { name: 'Feedback on Token insights' })
  await feedback.getByRole('textbox').fill('The weekly view is what I needed.')
  await feedback.getByRole('button', { name: 'Send feedback' }).click()
  await notice(member.page, 'Thank you for your feedback').waitFor()
  await feedback.waitFor({ state: 'detached' })
  expect(await product.command('feedback-list', {})).toContain('The weekly view is what I needed.')

  await member.page.keyboard.press('Control+k')
  await member.page.keyboard.type('acc')
  await palette(member.page).getByRole('option', { name: 'Account' }).waitFor()
  // A member is offered nothing that only admins do.
  await member.page.keyboard.press('Control+a')
  await member.page.keyboard.type('manage')
  await palette(member.page).getByText('No page and no action is called that.').waitFor()
  await member.page.keyboard.press('Control+a')
  await member.page.keyboard.type('acc')
  await member.page.keyboard.press('Enter')
  await member.page.getByRole('heading', { name: 'Sessions' }).waitFor()

  // So it would have been seen before.
  expect([...new Set(asked)].sort()).toEqual(['command-palette', 'token-insights-page'])
  await expectAbsent(stranger.page, other, linus, askedByStranger)

  await insightsTab(member.page).click()
  await member.page.getByRole('heading', { name: 'Token insights', exact: true }).waitFor()
  await openDialog(admin.page, org)
  await box(admin.page, 'Token insights').uncheck()
  await box(admin.page, 'Command palette').uncheck()
  await update(admin.page, 'Token insights and Command palette turned off')
  await member.page.getByRole('heading', { name: 'Not found' }).waitFor()
  await eventually(() => insightsTab(member.page).count()).toBe(0)
  await eventually(() => paletteButton(member.page).count()).toBe(0)
  await expectAbsent(member.page, org, grace, codeOf(member.page))

  await admin.page.goto(`/o/${org.slug}/settings/organization/audit-log`)
  const sentence = (text: string) => admin.page.locator('summary').filter({ hasText: text }).first()
  await sentence('Ada Lovelace changed which preview features are on').waitFor()
  await sentence('Grace Hopper gave feedback on the preview feature “Token insights”').waitFor()
  // Members have no “Manage”, and the dialog’s address opens nothing for them.
  await member.page.goto(`/o/${org.slug}/settings/organization?dialog=preview-features`)
  await member.page.getByRole('heading', { name: 'Admins' }).waitFor()
  expect(await member.page.getByRole('button', { name: 'Manage' }).count()).toBe(0)
  expect(await member.page.getByRole('dialog').count()).toBe(0)
})

test('a feature that needs another is ticked with it and unticked with it, and the dialog says so', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit('/', { as: org.admin })
  await openDialog(page, org)
  const update = dialogOf(page).getByRole('button', { name: 'Update', exact: true })
  const item = dialogOf(page).getByRole('listitem').filter({ hasText: 'Usage alerts' })
  for (const fact of ['Since 1 Oct 2026', 'Planned end 31 Jan 2027', 'Needs Token insights'])
    await item.getByText(fact).waitFor()
  expect(await item.getByRole('link', { name: 'Learn more about Usage alerts' }).getAttribute('href')).toBe(
    'https://example.com/docs/alerts',
  )
  await box(page, 'Usage alerts').check()
  await dialogOf(page).getByText('Usage alerts needs Token insights, which is selected too.').waitFor()
  expect(await box(page, 'Token insights').isChecked()).toBe(true)
  await box(page, 'Token insights').uncheck()
  await dialogOf(page).getByText('Usage alerts needs Token insights and is no longer selected either.').waitFor()
  expect(await box(page, 'Usage alerts').isChecked()).toBe(false)
  expect(await update.isDisabled()).toBe(true)
  // The address keeps the dialog, and Back closes it.
  await page.reload()
  await box(page, 'Usage alerts').waitFor()
  await page.goBack()
  await dialogOf(page).waitFor({ state: 'detached' })
  expect((await org.admin.call('GET', `${org.base}/preview-features`)).body.features).toEqual(
    expect.arrayContaining([expect.objectContaining({ key: 'usage-alerts', enabled: false })]),
  )
})

test('two admins at once: both sides are shown; theirs is taken, or mine is saved', async () => {
  const org = await product.newOrganization()
  const mary = await org.newMember('Mary Somerville', { role: 'admin' })
  const { page, watched } = await product.visit('/', { as: org.admin })
  watched.expect(`412 ${org.base}/preview-features`)
  const side = (name: string) => dialogOf(page).getByRole('region', { name })

  const meet = async () => {
    await openDialog(page, org)
    await box(page, 'Token insights').check()
    await org.choosePreviews(['command-palette'], mary)
    await dialogOf(page).getByRole('button', { name: 'Update', exact: true }).click()
    await dialogOf(page).getByText('Mary Somerville changed which preview features are on.').waitFor()
    await side('Theirs').getByText('Command palette').waitFor()
    await side('Yours').getByText('Token insights').waitFor()
    expect(await side('Yours').getByText('Command palette').count()).toBe(0)
  }
  await meet()
  await dialogOf(page).getByRole('button', { name: 'Use theirs' }).click()
  await eventually(() => box(page, 'Command palette').isChecked()).toBe(true)
  expect(await dialogOf(page).getByRole('button', { name: 'Update', exact: true }).isDisabled()).toBe(true)
  await dialogOf(page).getByRole('button', { name: 'Cancel' }).click()
  await dialogOf(page).waitFor({ state: 'detached' })

  await org.choosePreviews([])
  await meet()
  await dialogOf(page).getByRole('button', { name: 'Save mine' }).click()
  await dialogOf(page).waitFor({ state: 'detached' })
  await insightsTab(page).waitFor()
  await eventually(() => paletteButton(page).count()).toBe(0)
})

test('by keyboard alone: the dialog, the tag’s card, and the palette, which remembers and gives the focus back', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  const { press, type, tabTo, isAt } = keyboard(page)
  const manage = page.getByRole('button', { name: 'Manage', exact: true })
  await tabTo(manage)
  await press('Enter')
  await isAt(page.getByRole('menuitem', { name: 'Update organization settings' }))
  await press('ArrowDown')
  await press('Enter')
  const usable = dialogOf(page).getByRole('checkbox')
  await isAt(usable.first())
  await tabTo(box(page, 'Token insights'))
  await press('Space')
  await tabTo(box(page, 'Command palette'))
  await press('Space')
  await tabTo(dialogOf(page).getByRole('button', { name: 'Update' }))
  await press('Enter')
  await dialogOf(page).waitFor({ state: 'detached' })
  await isAt(manage)

  const field = page.getByRole('combobox', { name: 'Search pages and actions' })
  await paletteButton(page).waitFor()
  await press('Control+k')
  await isAt(field)
  await type('ins')
  await page.getByRole('option', { name: /^Token insights/, selected: true }).waitFor()
  await press('Enter')
  await page.getByRole('heading', { name: 'Token insights', exact: true }).waitFor()

  const tag = page.getByRole('button', { name: 'Preview: about Token insights' })
  await tabTo(tag)
  await press('Enter')
  const send = page.getByRole('button', { name: 'Send feedback' })
  await isAt(send)
  await press('Escape')
  await send.waitFor({ state: 'detached' })
  await isAt(tag)

  await press('Control+k')
  await isAt(field)
  await press('Escape')
  await palette(page).waitFor({ state: 'detached' })
  await isAt(tag)
  // What was chosen last is first; an action opens its dialog on its page.
  await press('Control+k')
  const recent = page.getByRole('group', { name: 'Recent' }).getByRole('option')
  await eventually(() => recent.allTextContents()).toEqual([expect.stringContaining('Token insights')])
  await type('add gr')
  await page.getByRole('option', { name: 'Add group' }).waitFor()
  await press('Enter')
  const addGroup = page.getByRole('dialog', { name: 'Add group' })
  await isAt(addGroup.getByRole('textbox', { name: 'Name' }))
  // Over another dialog the keys do nothing: what is typed there stays.
  await type('Builders')
  await page.keyboard.press('Control+k')
  expect(await palette(page).count()).toBe(0)
  expect(await addGroup.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('Builders')
  // The palette’s own tag: Escape closes its card first.
  await press('Escape')
  await tabTo(page.getByRole('button', { name: 'Discard' }), 'Shift+Tab')
  await press('Enter')
  await addGroup.waitFor({ state: 'detached' })
  await press('Control+k')
  const own = palette(page).getByRole('button', { name: 'Preview: about Command palette' })
  await tabTo(own)
  await press('Enter')
  await isAt(send)
  await press('Escape')
  await send.waitFor({ state: 'detached' })
  expect(await palette(page).count()).toBe(1)
})

// The last, since it changes what is published for all.
test('the tag is computed: a feature that becomes general stays and loses it, on the open page', async () => {
  const org = await product.newOrganization()
  await org.choosePreviews(['token-insights'])
  const { page } = await product.visit(insights(org), { as: org.admin })
  await page.getByRole('button', { name: 'Preview: about Token insights' }).waitFor()
  writeFileSync(file, `features:${general}`)
  await eventually(() => page.getByText('Preview', { exact: true }).count()).toBe(0)
  await page.getByRole('heading', { name: 'Token insights', exact: true }).waitFor()
  await openDialog(page, org)
  await box(page, 'Command palette').waitFor()
  expect(await box(page, 'Token insights').count()).toBe(0)
})
