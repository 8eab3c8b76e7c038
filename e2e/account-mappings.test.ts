import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthorizationServer } from './authorization-server.ts'
import { axe, useProduct } from './harness.ts'
import type { Organization } from './people.ts'
import { choose, eventually, notice, openMenu } from './steps.ts'

const product = useProduct({ configured: { PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1' } })
const audience = 'https://api.example.com'
let login: Awaited<ReturnType<typeof startAuthorizationServer>>

beforeAll(async () => {
  login = await startAuthorizationServer(['nightly-build', 'deploy'])
})
afterAll(() => login?.stop())

const under = ({ slug }: Organization, page: string) => `/o/${slug}/settings/organization/${page}`
const dialogOf = (page: Page) => (name: string) => page.getByRole('dialog', { name, exact: true })
const state = async (token: string) => {
  const { active, reason } = await product.introspect(token)
  return active ? 'active' : reason
}

test('a token is checked, its subject mapped on the spot, and nothing of the token stays', async () => {
  const org = await product.newOrganization()
  const { id } = await org.newServiceAccount('Nightly build')
  const provider = await org.newProvider(login.issuer)
  const token = await login.accessToken('nightly-build', audience)
  const { page } = await product.visit(under(org, `oauth-providers/${provider.id}`), { as: org.admin })
  await page.getByRole('button', { name: 'Check a token' }).click()
  const check = dialogOf(page)('Check a token')
  const field = check.getByRole('textbox', { name: 'Access token' })
  const failed = check.getByRole('region', { name: 'Failed checks' }).getByRole('listitem')
  const ask = async (text: string) => {
    await field.fill(text)
    await check.getByRole('button', { name: 'Check token' }).click()
  }
  await ask('not a token')
  await check.getByText('This token is refused: one check failed').waitFor()
  expect(await failed.allTextContents()).toEqual([expect.stringContaining('Form')])
  await ask(await login.accessToken('nightly-build', 'https://elsewhere.example.com'))
  await check.getByText('This token is refused: 2 checks failed').waitFor()
  expect(await failed.allTextContents()).toEqual([
    expect.stringMatching(/^Audience.*Add it to the provider/),
    expect.stringContaining('Account mapping'),
  ])

  await ask(`Bearer ${token}\n`)
  await check.getByText('This token is refused: one check failed').waitFor()
  await failed.getByRole('button', { name: 'Add mapping' }).click()
  const mapping = dialogOf(page)('Add mapping')
  await choose(page, 'Account', 'Nightly')
  expect(await mapping.getByRole('textbox', { name: 'Subject' }).inputValue()).toBe('nightly-build')
  await mapping.getByRole('button', { name: 'Add mapping' }).click()
  await check.getByText('This token is accepted').waitFor()
  await check.getByText('with the role Member').waitFor()
  expect(await axe(page)).toEqual([])
  expect(await product.introspect(token)).toMatchObject({ active: true, account_id: id })

  expect(await field.getAttribute('autocomplete')).toBe('off')
  const [, claims] = token.split('.')
  const kept = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }]))
  const told = (await org.admin.call('GET', `${org.base}/audit-events`)).body
  expect(kept + JSON.stringify(told)).not.toContain(claims)
  await check.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('button', { name: 'Check a token' }).click()
  expect(await field.inputValue()).toBe('')
})

test('on an account’s page: mapped, refused in words at the right field, renamed, deleted at once', async () => {
  const org = await product.newOrganization()
  const grace = await org.newMember('Grace Hopper')
  const robot = await org.newServiceAccount('Nightly build')
  const { page, watched } = await product.visit(under(org, `members/${grace.accountId}`), { as: org.admin })
  watched.expect('409 /api/v1/organizations/')
  const none = page.getByRole('button', { name: 'Add mapping', disabled: true })
  await eventually(() => none.getAttribute('aria-description')).toBe('Add an OAuth provider first.')
  await org.newProvider(login.issuer)
  await page.reload()

  const dialog = dialogOf(page)('Add mapping')
  const map = async (subject: string, displayName = '') => {
    await page.getByRole('button', { name: 'Add mapping' }).click()
    await dialog.getByRole('combobox', { name: 'OAuth provider' }).selectOption('Login')
    await dialog.getByRole('textbox', { name: 'Subject' }).fill(subject)
    await dialog.getByRole('textbox', { name: 'Display name' }).fill(displayName)
    await dialog.getByRole('button', { name: 'Add mapping' }).click()
  }
  await map('deploy', 'Deploy robot')
  await notice(page, 'Mapping added').waitFor()
  await page.getByText('Deploy robot').waitFor()
  const token = await login.accessToken('deploy', audience)
  expect(await product.introspect(token)).toMatchObject({ active: true, account_id: grace.accountId })
  await map('another')
  const provider = dialog.getByRole('combobox', { name: 'OAuth provider' })
  await dialog.getByText('Delete the mapping of this account at this provider first.').waitFor()
  expect(await provider.getAttribute('aria-invalid')).toBe('true')
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await page.goto(under(org, `service-accounts/${robot.id}`))
  await map('deploy')
  await dialog.getByText('Another account has this subject at this provider.').waitFor()
  const subject = dialog.getByRole('textbox', { name: 'Subject' })
  expect([await subject.getAttribute('aria-invalid'), await subject.inputValue()]).toEqual(['true', 'deploy'])
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await page.goto(under(org, `members/${grace.accountId}`))
  await openMenu(page, 'Actions for the mapping at Login', 'Edit display name')
  const edit = dialogOf(page)('Edit display name')
  await edit.getByRole('textbox', { name: 'Display name' }).fill('Deployments')
  await edit.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Deployments', { exact: true }).waitFor()
  expect(await state(token)).toBe('active')
  await openMenu(page, 'Actions for the mapping at Login', 'Delete mapping')
  const remove = dialogOf(page)('Delete mapping')
  await remove.getByText(/deploy stop opening the API at once/).waitFor()
  await remove.getByRole('button', { name: 'Delete mapping' }).click()
  await page.getByText(/^Not mapped to any subject/).waitFor()
  expect(await state(token)).toBe('unmapped_subject')
})
