import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { password } from './people.ts'
import { eventually, openMenu } from './steps.ts'

const product = useProduct()
const refused = '401 /api/auth/sign-in/email'
const nobodyYet = '401 /api/v1/me'

test('a wrong password is refused, what was typed stays, and the right one leads to where one wanted to go', async () => {
  const org = await product.newOrganization('Analytical Engines')
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/organization/groups?search=b`)
  watched.expect(nobodyYet, refused)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('textbox', { name: 'Email' }).fill(org.admin.email)
  const secret = page.getByLabel('Password', { exact: true })
  await secret.fill('eight grey umbrellas')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const known = await page.getByRole('alert').textContent()
  expect(await page.getByRole('textbox', { name: 'Email' }).inputValue()).toBe(org.admin.email)

  // Nobody learns who has an account here.
  await page.getByRole('textbox', { name: 'Email' }).fill('nobody@example.com')
  const answered = page.waitForResponse((it) => it.url().endsWith('/sign-in/email'))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await answered
  await eventually(() => page.getByRole('alert').textContent()).toBe(known)

  await page.getByRole('textbox', { name: 'Email' }).fill(org.admin.email)
  await secret.fill(password)
  await secret.press('Enter')
  await page.getByRole('searchbox', { name: 'Search groups' }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`/o/${org.slug}/settings/organization/groups`)
  expect(await page.getByRole('searchbox').inputValue()).toBe('b')
})

test('a forgotten password: without mail the page names who can help, and their link leads to a new one', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit('/')
  watched.expect(nobodyYet, refused)
  await page.getByText('portcullis admin reset-password').waitFor()
  await page.goto('/forgot-password')
  await page.getByText('portcullis admin reset-password').waitFor()

  const said = await product.command('admin-reset-password', { email: org.admin.email })
  const link = new URL(/http:\S+/.exec(said)![0])
  await page.goto(link.pathname + link.search)
  await page.getByLabel('New password', { exact: true }).fill('short')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Use 12 characters or more').waitFor()
  await page.getByLabel('New password', { exact: true }).fill('nine yellow umbrellas')
  await page.getByRole('button', { name: 'Change password' }).click()

  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('textbox', { name: 'Email' }).fill(org.admin.email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
  await page.getByLabel('Password', { exact: true }).fill('nine yellow umbrellas')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Account menu' }).waitFor()
})

test('signing out ends the session, and Back shows nothing', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit('/', { as: org.admin })
  await page.getByRole('heading', { name: 'AI Hub tokens' }).waitFor()
  watched.expect(nobodyYet)
  await openMenu(page, 'Account menu', 'Sign out')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`/o/${org.slug}/settings/apis`)
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
})

test('a session that ends in the middle of a form: sign in on top of it, and the form goes on', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/apis`, { as: org.admin })
  watched.expect('401 /api/', refused)
  await page.getByRole('button', { name: 'Create token' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create token' })
  await form.getByRole('textbox', { name: 'Name' }).fill('Half typed')
  await form.getByRole('textbox', { name: 'Description' }).fill('With a description')
  await org.admin.call('POST', '/api/auth/revoke-other-sessions', {})
  await form.getByRole('button', { name: 'Create token' }).click()

  const again = page.getByRole('dialog', { name: 'Sign in again' })
  await again.getByLabel('Password', { exact: true }).fill('eight grey umbrellas')
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.getByRole('alert').waitFor()
  await again.getByLabel('Password', { exact: true }).fill(password)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.waitFor({ state: 'detached' })

  // What was sent when the session had ended has been sent again.
  const shown = page.getByRole('dialog', { name: 'Your new token' })
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await shown.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('row').filter({ hasText: 'Half typed' }).getByText('With a description').waitFor()
})

test('a session that ends while choosing settings: signed in again, the choice is still there', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit(
    `/o/${org.slug}/settings/organization/members?dialog=organization-settings`,
    {
      as: org.admin,
    },
  )
  watched.expect('401 /api/')
  const dialog = page.getByRole('dialog', { name: 'Update organization settings' })
  const allow = dialog.getByRole('checkbox', { name: 'Allow members to create API tokens' })
  await allow.waitFor()
  await org.admin.call('POST', '/api/auth/revoke-other-sessions', {})
  // The impact of the choice is asked for, and refused.
  await allow.uncheck()
  const again = page.getByRole('dialog', { name: 'Sign in again' })
  await again.getByLabel('Password', { exact: true }).fill(password)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.waitFor({ state: 'detached' })
  expect(await allow.isChecked()).toBe(false)
  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await org.settings()).toMatchObject({ apiTokens: { creation: 'none' } })
})
