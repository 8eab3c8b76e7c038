import { expect, test } from 'vitest'
import { codeOf } from '../server/test/sign-in.ts'
import { useProduct } from './harness.ts'
import { password } from './people.ts'
import { copied, eventually, notice, openMenu } from './steps.ts'

const product = useProduct()

test('the name: changed, it changes the initials', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit('/', { as: org.admin })
  const initials = page.getByRole('banner').getByRole('button', { name: 'Account menu' })
  // The letters are drawn; the button's name is what it does.
  const letters = () =>
    initials.evaluate((it) => getComputedStyle(it, '::before').content + getComputedStyle(it, '::after').content)
  await eventually(letters).toContain('"AL"')
  await openMenu(page, 'Account menu', 'Settings')
  await page.getByRole('textbox', { name: 'Name' }).fill('Grace Brewster Murray Hopper')
  await page.getByRole('button', { name: 'Save name' }).click()
  await notice(page, 'Name changed').waitFor()
  await eventually(letters).toContain('"GH"')
  await initials.click()
  await page.getByRole('menu').getByText('Grace Brewster Murray Hopper').waitFor()
  await page.getByRole('menu').getByText(org.admin.email).waitFor()
})

test('the password: the present one is asked for, and other sessions end', async () => {
  const org = await product.newOrganization()
  const { page, watched } = await product.visit(`/o/${org.slug}/settings/account`, { as: org.admin })
  watched.expect('400 /api/auth/change-password')
  const change = async (current: string, next: string) => {
    await page.getByLabel('Current password', { exact: true }).fill(current)
    await page.getByLabel('New password', { exact: true }).fill(next)
    await page.getByRole('button', { name: 'Change password' }).click()
  }
  await change('not it at all', 'nine yellow umbrellas')
  await page
    .getByRole('alert')
    .filter({ hasText: /password/i })
    .waitFor()
  await change(password, 'nine yellow umbrellas')
  await notice(page, /Password changed/).waitFor()
  expect(await org.admin.call('GET', '/api/v1/me')).toMatchObject({ status: 401 })
})

test('the second factor: set up with a code, asked for at sign-in, a backup code works once', async () => {
  const org = await product.newOrganization()
  const { page, context, watched } = await product.visit(`/o/${org.slug}/settings/account`, { as: org.admin })
  watched.expect('401 /api/v1/me', '401 /api/auth/two-factor/')

  await page.getByRole('button', { name: 'Turn on' }).click()
  const dialog = page.getByRole('dialog', { name: 'Turn the second factor on' })
  await dialog.getByLabel('Password', { exact: true }).fill(password)
  await dialog.getByRole('button', { name: 'Next' }).click()
  await dialog.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
  await dialog.getByRole('button', { name: 'Copy codes' }).click()
  await eventually(() => copied(page)).toMatch(/^\S+-\S+\n/)
  const [backupCode, another] = (await copied(page)).split('\n')
  await dialog.getByRole('button', { name: 'Copy key' }).click()
  await eventually(() => copied(page)).toMatch(/^[A-Z2-7]+$/)
  const authenticator = `otpauth://totp/x?secret=${await copied(page)}`
  await dialog.getByRole('textbox', { name: 'Authentication code' }).fill(codeOf(authenticator))
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await notice(page, 'Second factor turned on').waitFor()

  const enter = async (field: string, code: string) => {
    await page.getByRole('textbox', { name: field }).fill(code)
    await page.getByRole('button', { name: 'Verify' }).click()
  }
  const passwordFirst = async () => {
    await context.clearCookies()
    await page.goto('/sign-in')
    await page.getByRole('textbox', { name: 'Email' }).fill(org.admin.email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('textbox', { name: 'Authentication code' }).waitFor()
  }
  await passwordFirst()
  const wrong = ['000000', '111111', '222222', '333333'].find(
    (code) => ![-1, 0, 1, 2].some((step) => codeOf(authenticator, step) === code),
  )!
  await enter('Authentication code', wrong)
  await page.getByRole('alert').waitFor()
  // The next code: the one of the set-up has been used.
  await enter('Authentication code', codeOf(authenticator, 1))
  await page.getByRole('button', { name: 'Account menu' }).waitFor()

  await passwordFirst()
  await page.getByRole('button', { name: 'Use a backup code' }).click()
  await enter('Backup code', backupCode!)
  await page.getByRole('button', { name: 'Account menu' }).waitFor()
  await passwordFirst()
  await page.getByRole('button', { name: 'Use a backup code' }).click()
  await enter('Backup code', backupCode!)
  await page.getByRole('alert').waitFor()
  await enter('Backup code', another!)
  await page.getByRole('button', { name: 'Account menu' }).waitFor()

  // Turned off with the password and a code (S3).
  await page.goto(`/o/${org.slug}/settings/account`)
  await page.getByRole('button', { name: 'Turn off' }).click()
  const off = page.getByRole('dialog', { name: 'Turn the second factor off' })
  await off.getByLabel('Password', { exact: true }).fill(password)
  await off.getByRole('button', { name: 'Turn off' }).click()
  await off.getByText('Enter a code', { exact: true }).waitFor()
  await off.getByRole('textbox', { name: 'Code' }).fill('000000')
  await off.getByRole('button', { name: 'Turn off' }).click()
  await off.getByText(/code/i).last().waitFor()
  await off.getByRole('textbox', { name: 'Code' }).fill(codeOf(authenticator, -1))
  await off.getByRole('button', { name: 'Turn off' }).click()
  await notice(page, 'Second factor turned off').waitFor()
})

test('sessions: “Sign out everywhere else” ends the other browser and keeps this one', async () => {
  const org = await product.newOrganization()
  const there = await product.visit(`/o/${org.slug}/settings/account`, { as: org.admin })
  const { page } = await product.visit(`/o/${org.slug}/settings/account`, { as: org.admin })
  await page.getByText('This session').waitFor()
  await page.getByRole('button', { name: 'Sign out everywhere else', disabled: false }).click()
  await notice(page, 'Signed out everywhere else').waitFor()
  await page.getByRole('button', { name: 'Sign out everywhere else', disabled: true }).waitFor()

  there.watched.expect('401 /api/')
  await there.page.reload()
  await there.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.reload()
  await page.getByText('This session').waitFor()
})

test('the colours: chosen in the menu, kept on reload', async () => {
  const org = await product.newOrganization()
  const { page } = await product.visit('/', { as: org.admin, colorScheme: 'light' })
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.getByRole('heading', { name: 'AI Hub tokens' }).waitFor()
  const light = await background()
  await page.getByRole('button', { name: 'Account menu' }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await eventually(background).not.toBe(light)
  const dark = await background()
  await page.reload()
  await page.getByRole('heading', { name: 'AI Hub tokens' }).waitFor()
  expect(await background()).toBe(dark)
})
