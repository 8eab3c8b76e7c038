import type { Page } from 'playwright-core'
import { expect, test, vi } from 'vitest'
import { paths as every } from '../console/src/paths.ts'
import { overflow } from './browser.ts'
import { axe, useProduct } from './harness.ts'
import type { Organization, Person } from './people.ts'

const product = useProduct()
// Some twenty pages, six times each.
vi.setConfig({ testTimeout: 600_000 })

// Which addresses of the console have been walked to, so that a new page is not forgotten.
const walked = new Set<string>()
const paths = new Proxy(every, {
  get: (them, name: keyof typeof every) => {
    walked.add(name)
    return them[name]
  },
})

type Address = { to: string; params?: Record<string, string> }
const fill = ({ to, params = {} }: Address) => to.replace(/\$(\w+)/g, (_, name) => params[name]!)

async function show(page: Page, colorScheme: 'light' | 'dark') {
  await page.emulateMedia({ colorScheme })
  await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor()
}

/** On a phone, a tablet and a desk, light and dark; what is dark differs in its colours alone. */
async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = []
  const tell = (where: string, found: string[]) => faults.push(...found.map((it) => `${where}: ${it}`))
  for (const width of [320, 768, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await show(page, 'light')
    tell(`${width} px, light`, [...(await axe(page)), ...(await overflow(page))])
    await show(page, 'dark')
    tell(`${width} px, dark`, await axe(page, 'colours'))
  }
  return faults
}

/** What a page shows when it has arrived. */
type Stop = [address: string, arrived: (page: Page) => Promise<unknown>]

async function walk(stops: Stop[], as?: Person) {
  const faults: Record<string, string[]> = {}
  const { page, watched } = await product.visit('/favicon.svg', as ? { as } : {})
  if (!as) watched.expect('401 /api/v1/me', '404 /api/v1/setup/', '404 /api/v1/invitations/')
  for (const [address, arrived] of stops) {
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(address)
    await arrived(page)
    const found = await faultsOf(page)
    if (found.length > 0) faults[address] = found
  }
  return faults
}

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { name }).first().waitFor()
const row = (text: string) => (page: Page) => page.getByRole('row').filter({ hasText: text }).first().waitFor()
const dialog = (name: string) => (page: Page) => page.getByRole('dialog', { name }).getByRole('button').nth(1).waitFor()

/** The tag's card, over its page. */
async function card(page: Page) {
  await page.getByRole('button', { name: 'Preview: about Token insights' }).click()
  await page.getByText('Token insights is in preview').waitFor()
}

async function palette(page: Page) {
  await page.getByRole('button', { name: /^Search/ }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('option', { name: 'Account', exact: true }).waitFor()
}

/** The chart with its table, and the figures that are walked with the arrow keys. */
async function figures(page: Page) {
  await row('Notebook')(page)
  await page.getByText('Show as a table').click()
  await page.getByRole('img', { name: /^Uses per day/ }).press('ArrowLeft')
  await page.getByText(', so far').waitFor()
}

/** With what came of it, in which every check has its place. */
async function checked(page: Page) {
  await page.getByRole('textbox', { name: 'Access token' }).fill('not.a.token')
  await page.getByRole('button', { name: 'Check token' }).click()
  await page.getByText('This token is refused').waitFor()
}

const on = (address: Address, name: string, id = '') => `${fill(address)}?dialog=${name}${id && `&id=${id}`}`

/** An organization in which every list has something, long and foreign names included. */
async function furnished() {
  const org = await product.newOrganization('Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz & Söhne')
  const grace = await org.newMember('Grace Brewster Murray Hopper of the Compilers')
  const { accountId: invited } = await org.invite('someone.with.a.very.long.address.indeed@subdomain.example.com')
  const group = await org.newGroup('منصة Builders and maintainers of the platform', [
    { id: grace.accountId, role: 'manager' },
    { id: org.admin.accountId },
  ])
  const robot = await org.newServiceAccount('nightly-build-and-deploy-to-production-europe-west')
  await org.newToken(org.admin, 'Laptop', { expiresAt: new Date(Date.now() + 86_400_000).toISOString() })
  await org.newToken(grace, 'Notebook-with-a-name-that-does-not-break-anywhere-0123456789')
  await org.newToken(org.admin, 'Robot', { accountId: robot.id })
  // An address that nothing is found at is what a page has most to say about.
  const provider = await org.newProvider('https://login.invalid/realms/a-realm-with-a-rather-long-name-0123456789', {
    name: 'مزود Login of the whole company, Rindfleischetikettierung included',
    audiences: ['https://api.example.com', 'urn:example:an-audience-that-does-not-break-anywhere-0123456789'],
  })
  const subject = 'repo:analytical/engines:environment:production:ref:refs/heads/main'
  const mapping = await org.newMapping(provider.id, robot.id, subject, 'Nightly')
  await org.newMapping(provider.id, grace.accountId, 'grace')
  return { org, grace, group, robot, invited, provider, mapping }
}

const slugOf = ({ slug }: Organization) => slug

test('signed out: no axe violation, no sideways scrolling', async () => {
  const { org, invited } = await furnished()
  const { acceptUrl } = await org.invite('newcomer@example.com')
  expect(invited).toMatch(/^mem_/)
  expect(
    await walk([
      [fill(paths.signIn()), heading('Sign in')],
      [fill(paths.forgotPassword()), heading('Forgot your password?')],
      ['/reset-password?token=x', heading('Choose a new password')],
      ['/reset-password', (page) => page.getByText('This link is incomplete').waitFor()],
      ['/setup/used', heading('This link can’t be used')],
      [new URL(acceptUrl).pathname, heading(/^Join /)],
      ['/invitations/used', heading('This invitation can’t be used')],
    ]),
  ).toEqual({})
})

test('an admin’s pages: no axe violation, no sideways scrolling', async () => {
  const { org, grace, group, robot, invited, provider } = await furnished()
  const slug = slugOf(org)
  await org.choosePreviews(['token-insights', 'command-palette'])
  expect(
    await walk(
      [
        [fill(paths.account(slug)), (page) => page.getByText('This session').waitFor()],
        [fill(paths.apis(slug)), row('Laptop')],
        [fill(paths.tokenInsights(slug)), figures],
        [`${fill(paths.tokenInsights(slug))}?days=90&by=account`, row('nightly')],
        [fill(paths.members(slug)), row('Grace')],
        [fill(paths.member(slug, grace.accountId)), row('Notebook')],
        [fill(paths.member(slug, invited)), heading('No tokens')],
        [fill(paths.groups(slug)), row('Builders')],
        [fill(paths.group(slug, group.id)), row('Grace')],
        [fill(paths.serviceAccounts(slug)), row('nightly')],
        [fill(paths.serviceAccount(slug, robot.id)), row('Robot')],
        [fill(paths.oauthProviders(slug)), row('Login')],
        [fill(paths.oauthProvider(slug, provider.id)), row('production')],
        [fill(paths.tokens(slug)), row('Robot')],
        [fill(paths.auditLog(slug)), row('Laptop')],
      ],
      org.admin,
    ),
  ).toEqual({})
})

test('an admin’s dialogs: no axe violation, no sideways scrolling', async () => {
  const { org, grace, group, robot, provider, mapping } = await furnished()
  await org.setCreation({ creation: 'groups', groupIds: [group.id] })
  const slug = slugOf(org)
  const [token] = (await org.admin.call('GET', `${org.base}/tokens?accountId=me`)).body.items
  expect(
    await walk(
      [
        [
          on(paths.members(slug), 'organization-settings'),
          (page) => page.getByRole('combobox', { name: 'Groups' }).waitFor(),
        ],
        [on(paths.members(slug), 'rename-organization'), dialog('Rename organization')],
        [on(paths.members(slug), 'add-members'), dialog('Add members')],
        [on(paths.members(slug), 'change-role', grace.accountId), dialog('Change role')],
        [on(paths.members(slug), 'add-to-group', grace.accountId), dialog('Add to group')],
        [on(paths.members(slug), 'remove-member', grace.accountId), dialog('Remove member')],
        [on(paths.groups(slug), 'add-group'), dialog('Add group')],
        [on(paths.groups(slug), 'delete-group', group.id), dialog('Delete group')],
        [on(paths.group(slug, group.id), 'add-group-members'), dialog('Add members to the group')],
        [on(paths.serviceAccounts(slug), 'add-service-account'), dialog('Add service account')],
        [on(paths.serviceAccounts(slug), 'delete-service-account', robot.id), dialog('Delete service account')],
        [on(paths.oauthProviders(slug), 'add-provider'), dialog('Add provider')],
        [on(paths.oauthProvider(slug, provider.id), 'edit-provider', provider.id), dialog('Edit provider')],
        [on(paths.oauthProvider(slug, provider.id), 'check-token', provider.id), checked],
        [on(paths.oauthProvider(slug, provider.id), 'disable-provider', provider.id), dialog('Disable provider')],
        [on(paths.oauthProviders(slug), 'delete-provider', provider.id), dialog('Delete provider')],
        [on(paths.oauthProvider(slug, provider.id), 'add-mapping'), dialog('Add mapping')],
        [on(paths.serviceAccount(slug, robot.id), 'add-mapping'), dialog('Add mapping')],
        [on(paths.serviceAccount(slug, robot.id), 'edit-mapping', mapping.id), dialog('Edit display name')],
        [on(paths.serviceAccount(slug, robot.id), 'delete-mapping', mapping.id), dialog('Delete mapping')],
        [on(paths.apis(slug), 'create-token'), dialog('Create token')],
        [on(paths.apis(slug), 'edit-token', token.id), dialog('Edit token')],
        [on(paths.apis(slug), 'refresh-token', token.id), dialog('Refresh token')],
        [on(paths.apis(slug), 'delete-token', token.id), dialog('Delete token')],
        [on(paths.account(slug), 'enable-second-factor'), dialog('Turn the second factor on')],
      ],
      org.admin,
    ),
  ).toEqual({})
})

test('what opens over a page for previews: no axe violation, no sideways scrolling', async () => {
  const { org } = await furnished()
  await org.choosePreviews(['token-insights', 'command-palette'])
  const slug = slugOf(org)
  expect(
    await walk(
      [
        [on(paths.members(slug), 'preview-features'), dialog('Manage preview features')],
        [on(paths.apis(slug), 'feedback', 'token-insights'), dialog('Feedback on Token insights')],
        [fill(paths.tokenInsights(slug)), card],
        [fill(paths.apis(slug)), palette],
      ],
      org.admin,
    ),
  ).toEqual({})
})

test('a member’s pages: read-only, no “Manage”, no axe violation, no sideways scrolling', async () => {
  const { org, grace, group } = await furnished()
  const others = await org.newGroup('Auditors')
  await org.setCreation({ creation: 'none' })
  const slug = slugOf(org)
  const readOnly = async (page: Page) => {
    await page.getByRole('heading', { name: 'Admins' }).waitFor()
    await page.getByText('Ada Lovelace').waitFor()
    await page.getByText('Auditors').waitFor()
    await page.getByText('You manage this group').waitFor()
    expect(await page.getByRole('button', { name: 'Manage' }).count()).toBe(0)
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Account', 'APIs', org.name])
  }
  expect(
    await walk(
      [
        [fill(paths.account(slug)), (page) => page.getByText('This session').waitFor()],
        [fill(paths.apis(slug)), (page) => page.getByText('Your tokens are suspended').waitFor()],
        [fill(paths.organization(slug)), readOnly],
        [fill(paths.group(slug, group.id)), row('Ada')],
        [fill(paths.group(slug, others.id)), heading('Nobody is in this group yet')],
      ],
      grace,
    ),
  ).toEqual({})
  // A page of admins says so to a member, and stays at its address.
  const { page } = await product.visit(fill(paths.members(slug)), { as: grace })
  await page.getByRole('heading', { name: 'Only admins can open this page' }).waitFor()
  expect(new URL(page.url()).pathname).toBe(fill(paths.members(slug)))
  // Off, a previewed page is not found; on, it shows a member's own.
  const insights = fill(paths.tokenInsights(slug))
  expect(await walk([[insights, heading('Not found')]], grace)).toEqual({})
  await org.choosePreviews(['token-insights'])
  expect(await walk([[insights, row('Notebook')]], grace)).toEqual({})
  const ada = await org.newMember('Ada Byron')
  expect(await walk([[insights, heading('No tokens yet')]], ada)).toEqual({})
})

test('every address of the console was among them', () => {
  // The start only leads on.
  expect(Object.keys(every).filter((it) => it !== 'home' && !walked.has(it))).toEqual([])
})
