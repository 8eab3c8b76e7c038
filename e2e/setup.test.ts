import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import { eventually, openMenu } from './steps.ts'

const product = useProduct({ empty: true })

/** Runs the command that the page shows, as it stands there. */
async function run(command: string) {
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `${command} --silent --max-time 20 --write-out '\\n%{http_code}'`,
  ])
  const [body, status] = stdout.split(/\n(?=\d+$)/)
  return { status: Number(status), body: JSON.parse(body!) }
}

test('a fault of the account leads back to its step and field, with everything typed kept', async () => {
  const link = await product.setupLink()
  const { page, watched } = await product.visit(new URL(link).pathname)
  watched.expect('422 /api/v1/setup/')
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('Email').fill('ada@example')
  await page.getByLabel('Password', { exact: true }).fill('seven green umbrellas')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Organization name').fill('Analytical Engines')
  await page.getByRole('button', { name: 'Create organization' }).click()
  await page.getByText('Not an email address.').waitFor()
  await eventually(() => page.getByLabel('Email').evaluate((field) => field === document.activeElement)).toBe(true)
  expect(await page.getByLabel('Your name').inputValue()).toBe('Ada Lovelace')
  await page.getByLabel('Email').fill('müller@bücher.example')
  await page.getByRole('button', { name: 'Next' }).click()
  expect(await page.getByLabel('Organization name').inputValue()).toBe('Analytical Engines')
  await page.getByRole('button', { name: 'Back' }).click()
  expect(await page.getByLabel('Email').inputValue()).toBe('müller@bücher.example')
})

test('a first start: account, organization, first token, a command that works; off and refused; on and working', async () => {
  const link = await product.setupLink()
  const { page } = await product.visit(new URL(link).pathname)

  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('Email').fill('ada@example.com')
  await page.getByLabel('Password', { exact: true }).fill('seven green umbrellas')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Organization name').fill('Analytical Engines')
  await page.getByRole('button', { name: 'Create organization' }).click()
  await page.getByRole('button', { name: 'Create token' }).click()

  const command = (await page.getByText(/^curl /).textContent())!
  expect(await run(command)).toMatchObject({
    status: 200,
    body: { organizations: [{ name: 'Analytical Engines', role: 'admin' }] },
  })

  // Not copied yet: it asks once, and the token is still there.
  await page.getByRole('button', { name: 'Open the console' }).click()
  await page.getByRole('button', { name: 'Back to the token' }).click()
  await page.getByRole('button', { name: 'Copy token' }).click()
  await page.getByRole('button', { name: 'Open the console' }).click()
  const choose = async (allowed: boolean) => {
    await openMenu(page, 'Account menu', 'Settings')
    await page.getByRole('tab', { name: 'Analytical Engines' }).click()
    await openMenu(page, 'Manage', 'Update organization settings')
    const dialog = page.getByRole('dialog', { name: 'Update organization settings' })
    await dialog.getByRole('checkbox', { name: 'Allow members to create API tokens' }).setChecked(allowed)
    await dialog.getByRole('button', { name: 'Save changes' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  await choose(false)
  expect(await run(command)).toMatchObject({ status: 401 })
  await choose(true)
  expect(await run(command)).toMatchObject({ status: 200 })
})

test('the set-up link works once', async () => {
  const link = await product.setupLink()
  const { page, watched } = await product.visit(new URL(link).pathname)
  watched.expect('404 /api/v1/setup/')
  await page.getByRole('heading', { name: 'This link can’t be used' }).waitFor()
  await page.getByText('This set-up link has been used or has expired. Sign in').waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
})
