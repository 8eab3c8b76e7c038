import chromium from '@sparticuz/chromium'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium as engine,
  type Page,
} from 'playwright-core'
import type { Person } from './people.ts'

// The package is made for a cloud function; what weakens the browser's own rules (origins, mixed content) or makes it
// one fragile process has no place in a test of them.
const unwanted = /^--(single-process|disable-web-security|allow-running-insecure-content|disable-site-isolation)/
const quiet = ['background-networking', 'quic', 'component-update', 'sync'].map((it) => `--disable-${it}`)

/** Chromium from the npm package, or the one that PORTCULLIS_TEST_CHROMIUM names. */
export async function launchBrowser(): Promise<Browser> {
  chromium.setGraphicsMode = false
  return engine.launch({
    executablePath: process.env.PORTCULLIS_TEST_CHROMIUM ?? (await chromium.executablePath()),
    args: [...chromium.args.filter((it) => !unwanted.test(it)), ...quiet, '--no-first-run'],
    headless: true,
  })
}

/** Motion is reduced, so that what a test looks at has arrived; times and numbers are those of one place. */
export const usual: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
  reducedMotion: 'reduce',
  permissions: ['clipboard-read', 'clipboard-write'],
}

/** Signs somebody in without the form, which has its own tests. */
export async function signInTo(
  context: BrowserContext,
  url: string,
  { email, password }: Pick<Person, 'email' | 'password'>,
): Promise<void> {
  const answer = await context.request.post(`${url}/api/auth/sign-in/email`, {
    data: { email, password },
    headers: { origin: url },
  })
  if (!answer.ok()) throw new Error(`${email} could not sign in: ${answer.status()}`)
}

export interface Watch {
  /** Everything that went wrong on the page and was not announced. */
  faults: () => string[]
  /** An answer that the test provokes, such as `401 /api/v1/me`. */
  expect: (...answers: string[]) => void
}

// Every failed answer is seen by its status and address; the console's line about it says less.
const saidTwice = /^Failed to load resource/

/** Collects errors of the console, refused and failed requests. */
export function watch(page: Page, url: string): Watch {
  const faults: string[] = []
  const expected: string[] = []
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`))
  page.on('console', (line) => {
    if (line.type() === 'error' && !saidTwice.test(line.text())) faults.push(`console: ${line.text()}`)
  })
  page.on('response', (answer) => {
    if (answer.status() >= 400) faults.push(`${answer.status()} ${answer.url().replace(url, '')}`)
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // Leaving a page ends what it was still asking.
    if (reason !== 'net::ERR_ABORTED') faults.push(`${reason} ${request.url()}`)
  })
  return {
    faults: () => faults.filter((it) => !expected.some((answer) => it.startsWith(answer))),
    expect: (...answers) => void expected.push(...answers),
  }
}

/** Nothing may be wider than the page: the person would have to scroll sideways (WCAG 1.4.10). */
export const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    const wide = [...document.querySelectorAll('body *')]
      .filter((it) => it.getBoundingClientRect().right > width + 1)
      .slice(0, 5)
      .map((it) => `wider than ${width} px: ${it.tagName.toLowerCase()} ${it.textContent?.slice(0, 40)}`)
    // Text can stick out of a box that does not.
    return wide.length > 0 ? wide : [`wider than ${width} px: some text`]
  })
