import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { adminMail, type Claimed, ownerMail } from '../server/src/features/expiry-notices/rules.ts'
import { invitationMail } from '../server/src/features/invitations/rules.ts'
import { resetLetter, securityLetter } from '../server/src/mail/letters.ts'
import { launchBrowser, overflow, usual } from './browser.ts'
import { axe } from './harness.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 240_000 })

/** Names as people give them, to make a letter burst or run a script. */
const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2).slice(0, 100)
const hostile = '<script>document.title = "owned"</script><img src=x onerror="document.title=1"> & "Söhne" 王🦔'
const expiresAt = new Date('2026-12-01T15:04:00Z')
const url = `https://hub.example.com/invitations/${'a'.repeat(43)}`

const lettersOf = (name: string) => {
  const instance = { publicUrl: 'https://hub.example.com', productName: 'AI Hub' }
  const to = 'ada@example.com'
  const claimed: Claimed = {
    organizationId: 'org_1',
    organizationName: name,
    organizationSlug: 'acme',
    tokenName: name,
    hint: 'pcu_…wxyz',
    expiresAt,
    owner: name,
    email: to,
  }
  const many = Array.from({ length: 53 }, () => claimed)
  return {
    invitation: invitationMail({ to, organization: name, inviter: name, productName: name, url, expiresAt }),
    'forgotten password': resetLetter(instance, name, `https://hub.example.com/reset-password?token=${'b'.repeat(32)}`),
    'changed sign-in': securityLetter(instance, name, 'Your password was changed.'),
    'expiration, to the owner': ownerMail(instance, { ...claimed, email: to }),
    'expirations, to an admin': adminMail(instance, { name, email: to }, [claimed, ...many]),
  }
}

/** Words and nothing else, so that two spellings of the same can be compared. */
const words = (text: string) => text.split(/\s+/).filter((it) => it !== '')

describe.each([
  ['one long word', long],
  ['hostile', hostile],
])('letters, with names that are %s', (_, name) => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  test.each(Object.entries(lettersOf(name)))(
    '%s: fits, is accessible, and says the same as its text',
    async (_what, mail) => {
      const context = await browser.newContext(usual)
      const page = await context.newPage()
      const asked: string[] = []
      page.on('request', (it) => asked.push(it.url()))
      for (const width of [360, 700]) {
        await page.setViewportSize({ width, height: 800 })
        await page.setContent(mail.html)
        expect(await overflow(page)).toEqual([])
        expect(await axe(page), `${width} px`).toEqual([])
      }
      // Nothing of a name became an element, and nothing was fetched.
      expect(await page.locator('script, img, b').count()).toBe(0)
      expect(await page.title()).not.toMatch(/^(owned|1)$/)
      expect(asked).toEqual([])
      const link = page.getByRole('link').first()
      const href = (await link.getAttribute('href')) ?? ''
      expect(href).toMatch(/^https:\/\/hub\.example\.com/)
      const shown = words((await page.locator('h1, p').allInnerTexts()).join(' '))
      const said = words(mail.text.replace(/:\n(https:\S+)\n$/, '\nOr open this address:\n$1\n'))
      expect(shown).toEqual(said)
      await context.close()
    },
  )
})
