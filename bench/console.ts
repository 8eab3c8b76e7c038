import type { Page } from 'playwright-core'
import { launchBrowser, signInTo, usual } from '../e2e/browser.ts'
import { openDatabase } from '../server/src/db/open.ts'
import { admin, newFolder, removeFolder, startPortcullis } from './processes.ts'
import { addOrganization, fillMembers, fillTokens } from './seed.ts'
import { median, type Row } from './table.ts'

const few = 10
const many = 10_000
/** Whoever waits so long has found a fault, not a figure. */
const mostMs = 30_000

interface Seen {
  /** From asking for the page until its first row is there to be used. */
  usableMs: number
  /** From the last key until the one row that was searched for stands alone. */
  searchMs: number
  /** The longest frame while the list was scrolled by a screen at a time, further pages being fetched. */
  frameMs: number
}

/** Scrolls down a screen at each frame for two seconds, and answers the longest time between two frames. */
const longestFrame = (page: Page) =>
  page.evaluate(async () => {
    const start = performance.now()
    let last = start
    let longest = 0
    while (last - start < 2000) {
      window.scrollBy(0, window.innerHeight)
      const at = await new Promise<number>((frame) => requestAnimationFrame(frame))
      longest = Math.max(longest, at - last)
      last = at
    }
    return longest
  })

/** The time until `text` stands in the list's only row, taken in the page itself. */
const searchFor = (page: Page, label: string, text: string) =>
  page.evaluate(
    async ({ label, text, mostMs }) => {
      const input = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)
      if (!input) throw new Error(`No search box ${label}`)
      const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
      const start = performance.now()
      setter?.call(input, text)
      input.dispatchEvent(new Event('input', { bubbles: true }))
      const found = () => {
        const rows = document.querySelectorAll('tbody tr')
        return rows.length === 1 && rows[0]?.textContent?.includes(text)
      }
      while (!found()) {
        if (performance.now() - start > mostMs) throw new Error(`${text} did not come to stand alone`)
        await new Promise((frame) => requestAnimationFrame(frame))
      }
      return performance.now() - start
    },
    { label, text, mostMs },
  )

interface List {
  name: string
  path: string
  label: string
  /** What the rows' names begin with; a number follows. */
  rows: string
}

async function look(page: Page, slug: 'few' | 'many', list: List): Promise<Seen> {
  const startedAt = performance.now()
  await page.goto(`/o/${slug}/settings/organization/${list.path}`)
  await page.locator('tbody tr td:not(:has(.mantine-Skeleton-root))').first().waitFor()
  const usableMs = performance.now() - startedAt
  const frameMs = await longestFrame(page)
  // The number that is no part of another one.
  const one = `${list.rows} ${slug === 'few' ? few : many - 1}`
  return { usableMs, frameMs, searchMs: await searchFor(page, list.label, one) }
}

const ofRounds = (rounds: readonly Seen[], what: keyof Seen) => median(rounds.map((it) => it[what]))

function rowsOf(list: List, small: readonly Seen[], big: readonly Seen[]): Row[] {
  const row = (what: string, key: keyof Seen, atMost: number): Row => ({
    what: `${list.name}: ${what}`,
    where: 'the console in Chromium; embedded',
    figure: ofRounds(big, key),
    unit: 'ms',
    mark: { atMost },
    beside: `with ${few} of them`,
    detail: `${ofRounds(big, key).toFixed(0)} ms beside ${ofRounds(small, key).toFixed(0)} ms`,
  })
  return [
    row('page usable', 'usableMs', 1000),
    row('search (200 ms of them a pause in typing)', 'searchMs', 500),
    row('longest frame while scrolling', 'frameMs', 200),
  ]
}

/** Lists with ten thousand rows beside the same lists with ten. */
export async function consoleRows(rounds: number): Promise<Row[]> {
  const dataFolder = newFolder()
  const env = { PORTCULLIS_DATA: dataFolder }
  await (await startPortcullis(env)).stop()
  const database = await openDatabase({ dataFolder })
  let from = 0
  for (const [name, count] of [['Few', few] as const, ['Many', many] as const]) {
    const id = await addOrganization(database.owner, name, admin.email)
    await fillMembers(database.owner, id, count)
    await fillTokens(database.owner, id, count, from)
    from += count
  }
  await database.close()
  const portcullis = await startPortcullis(env)
  const browser = await launchBrowser()
  try {
    const url = `http://127.0.0.1:${portcullis.port}`
    const context = await browser.newContext({ ...usual, baseURL: url })
    await signInTo(context, url, admin)
    const page = await context.newPage()
    const lists: List[] = [
      { name: '10,000 members', path: 'members', label: 'Search members', rows: 'Member' },
      { name: '10,000 tokens', path: 'api-tokens', label: 'Search tokens', rows: 'Token' },
    ]
    const rows: Row[] = []
    for (const list of lists) {
      const small: Seen[] = []
      const big: Seen[] = []
      for (let round = 0; round < rounds; round += 1) {
        small.push(await look(page, 'few', list))
        big.push(await look(page, 'many', list))
      }
      rows.push(...rowsOf(list, small, big))
    }
    return rows
  } finally {
    await browser.close()
    await portcullis.stop()
    removeFolder(dataFolder)
  }
}
