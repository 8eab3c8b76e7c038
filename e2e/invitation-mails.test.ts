import { afterAll, expect, test } from 'vitest'
import { startSmtpServer } from '../server/test/smtp.ts'
import { useProduct } from './harness.ts'
import { copied, eventually, notice, openMenu } from './steps.ts'

const smtp = await startSmtpServer()
afterAll(smtp.close)
const product = useProduct({ configured: { SMTP_URL: smtp.url, MAIL_FROM: 'hub@example.com' } })

test('after inviting, the dialog and the list say what became of each email; it is resent, or its link is shown', async () => {
  const org = await product.newOrganization('Analytical Engines')
  const { page } = await product.visit(`/o/${org.slug}/settings/organization/members`, { as: org.admin })
  await page.getByRole('button', { name: 'Add members' }).click()
  const form = page.getByRole('dialog', { name: 'Add members' })
  const emails = form.getByRole('textbox', { name: 'Email addresses' })
  await emails.fill('grace@example.com, refused@example.com, silent@example.com')
  await emails.press('Enter')
  await form.getByRole('button', { name: 'Add members' }).click()

  const invited = page.getByRole('dialog', { name: 'Members invited' })
  await invited.getByText('Email sent').waitFor()
  await invited.getByText('Email not delivered (550)').waitFor()
  await invited.getByText('Email pending').waitFor()
  await invited.getByRole('button', { name: 'Done' }).click()
  const row = (email: string) => page.getByRole('row').filter({ hasText: email })
  await row('grace@example.com').getByText('Email sent').waitFor()
  await row('refused@example.com').getByText('Email not delivered (550)').waitFor()

  await openMenu(page, 'Actions for grace@example.com', 'Resend email')
  await page.getByRole('dialog').getByRole('button', { name: 'Resend email' }).click()
  await notice(page, 'Email sent').waitFor()
  expect(smtp.recipients.filter((recipient) => recipient === 'grace@example.com')).toHaveLength(2)

  await openMenu(page, 'Actions for refused@example.com', 'Show link')
  const question = page.getByRole('dialog', { name: 'Show invitation link' })
  await question.getByText('The link in the email stops working.').waitFor()
  await question.getByRole('button', { name: 'Show link' }).click()
  const shown = page.getByRole('dialog', { name: 'Invitation link' })
  await shown.getByRole('button', { name: 'Copy link' }).click()
  await eventually(() => copied(page)).toContain(`${product.url}/invitations/`)
  await shown.getByRole('button', { name: 'Done' }).click()
  await row('refused@example.com').getByText('Invited', { exact: true }).waitFor()
  await eventually(() => row('refused@example.com').getByText('Email not delivered').count()).toBe(0)
})
