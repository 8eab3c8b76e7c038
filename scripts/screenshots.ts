import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { furnish } from '../demo/furnish.ts'
import { admins, password } from '../demo/people.ts'
import { startAuthorizationServer } from '../e2e/authorization-server.ts'
import { launchBrowser, signInTo, usual } from '../e2e/browser.ts'
import { newOrganization, type Person } from '../e2e/people.ts'
import { startServer } from '../e2e/server.ts'

// The pictures of the README, taken from the real console on a server of their own; all, or those that are named.

const folder = resolve(import.meta.dirname, '../docs/images')
const mostBytes = 200_000
const wanted = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

// Weeks of use are what the demo has.
const past = mkdtempSync(join(tmpdir(), 'pcu-past-'))
await furnish(past)
const demo = await startServer({ template: past })
rmSync(past, { recursive: true, force: true })

const login = await startAuthorizationServer(['nightly-build', 'deploy'])
const server = await startServer({ configured: { PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1' } })
const browser = await launchBrowser()
try {
  const org = await newOrganization(server, 'Analytical Engines', 'ada@example.com')
  const grace = await org.newMember('Grace Hopper', { email: 'grace@example.com' })
  const katherine = await org.newMember('Katherine Johnson', { role: 'admin', email: 'katherine@example.com' })
  const linus = await org.newMember('Linus Pauling', { email: 'linus@example.com' })
  await org.invite('mary@example.com')
  const deploy = await org.newServiceAccount('Deploy')
  const nightly = await org.newServiceAccount('Nightly build')
  const platform = await org.newGroup('Platform', [{ id: grace.accountId, role: 'manager' }, { id: deploy.id }])
  await org.newGroup('Data science', [{ id: katherine.accountId }, { id: linus.accountId }])
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
  const used = [
    await org.newToken(grace, 'Laptop'),
    await org.newToken(grace, 'CI pipeline', { expiresAt: inDays(30) }),
    await org.newToken(org.admin, 'Deploy to production', { accountId: deploy.id, expiresAt: inDays(90) }),
    await org.newToken(org.admin, 'Nightly report', { accountId: nightly.id }),
  ]
  await org.newToken(grace, 'Workshop in Berlin', { expiresAt: inDays(7) })
  for (const { secret } of used) {
    await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } })
  }

  const takeAt = async (
    { url, slug }: { url: string; slug: string },
    name: string,
    as: Pick<Person, 'email' | 'password'>,
    path: string,
    arrange: (page: Page) => Promise<unknown>,
    options: BrowserContextOptions = {},
  ) => {
    if (wanted.length > 0 && !wanted.includes(name)) return
    const context = await browser.newContext({ ...usual, baseURL: url, colorScheme: 'light', ...options })
    await signInTo(context, url, as)
    const page = await context.newPage()
    await page.goto(`/o/${slug}/settings/${path}`)
    await arrange(page)
    // The pointer hovers over nothing, and no notice is half gone.
    await page.mouse.move(0, 0)
    const file = join(folder, `${name}.png`)
    await page.screenshot({ path: file, animations: 'disabled' })
    await context.close()
    const { size } = statSync(file)
    if (size > mostBytes) throw new Error(`${name}.png has ${size} bytes, more than ${mostBytes}.`)
    console.log(`docs/images/${name}.png, ${Math.round(size / 1000)} kB`)
  }

  type Picture = Parameters<typeof takeAt> extends [unknown, ...infer Rest] ? Rest : never
  const take = (...picture: Picture) => takeAt({ url: server.url, slug: org.slug }, ...picture)

  await take('organization-settings', org.admin, 'organization/members', async (page) => {
    await page.getByRole('row').filter({ hasText: 'Grace Hopper' }).waitFor()
    await page.getByRole('button', { name: 'Manage' }).click()
    await page.getByRole('menuitem', { name: 'Update organization settings' }).click()
    await page.getByRole('radio', { name: 'Selected groups' }).check()
    await page.getByRole('combobox', { name: 'Groups' }).fill('Plat')
    await page.getByRole('option', { name: /^Platform/ }).click()
    await page.getByRole('combobox', { name: 'Groups' }).press('Escape')
    await page.getByRole('option').filter({ visible: true }).first().waitFor({ state: 'hidden' })
    await page.getByRole('checkbox', { name: /^Also suspend/ }).check()
    await page.getByText(/tokens? (is|are) suspended/).waitFor()
  })
  await take('api-tokens', grace, 'apis', (page) =>
    page.getByRole('row').filter({ hasText: 'Workshop in Berlin' }).waitFor(),
  )
  await take(
    'audit-log-dark',
    org.admin,
    'organization/audit-log',
    (page) => page.getByRole('row').filter({ hasText: 'Nightly report' }).first().waitFor(),
    { colorScheme: 'dark' },
  )
  const provider = await org.newProvider(login.issuer, { name: 'Company login' })
  await org.newMapping(provider.id, deploy.id, 'deploy', 'Client of the pipeline')
  await org.newMapping(provider.id, nightly.id, 'nightly-build')
  await take('check-a-token', org.admin, `organization/oauth-providers/${provider.id}`, async (page) => {
    await page.getByRole('button', { name: 'Check a token' }).click()
    const field = page.getByRole('textbox', { name: 'Access token' })
    await field.fill(await login.accessToken('nightly-build', 'https://elsewhere.example.com'))
    await page.getByRole('button', { name: 'Check token' }).click()
    await page.getByText('This token is refused').waitFor()
  })
  await org.setCreation({ creation: 'none', groupIds: [platform.id] })
  await take('suspended', grace, 'apis', (page) => page.getByText('Your tokens are suspended').waitFor())
  const maren = { email: admins[0]!.email, password }
  await takeAt({ url: demo.url, slug: 'tidewater-robotics' }, 'token-insights', maren, 'token-insights', (page) =>
    page.getByRole('table', { name: 'Worth a look' }).waitFor(),
  )
} finally {
  await browser.close()
  await server.stop()
  await demo.stop()
  await login.stop()
}
