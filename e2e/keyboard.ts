import type { Locator, Page } from 'playwright-core'
import { eventually } from './steps.ts'

/** Looks of everything that can have the focus, before a key is pressed; a document's own, so kept in the page. */
type Looks = Map<Element, string>

const remember = (page: Page) =>
  page.evaluateHandle(() => {
    const { looks } = window as unknown as { looks?: (it: Element) => string }
    const lookOf =
      looks ??
      ((it: Element) => {
        const { outlineStyle, outlineWidth, outlineColor, borderColor, boxShadow, backgroundColor } =
          getComputedStyle(it)
        const outline = outlineStyle === 'none' ? '' : outlineWidth + outlineColor
        return [outline, borderColor, boxShadow, backgroundColor].join(' ')
      })
    Object.assign(window, { looks: lookOf })
    const all = document.querySelectorAll('a, button, input, textarea, select, summary, [tabindex]')
    const looksBefore = new Map<Element, string>()
    for (const it of all) {
      // A field of several parts shows the focus on its frame.
      for (let one: Element | null = it, up = 0; one && up < 4; one = one.parentElement, up++)
        looksBefore.set(one, lookOf(one))
    }
    return looksBefore
  })

/** Whether what has the focus now looks other than it did; what was not there before must have an outline. */
const standsOut = (page: Page, before: Awaited<ReturnType<typeof remember>>) =>
  page.evaluate((looks: Looks) => {
    const now = document.activeElement
    if (!now || now === document.body || now.id === 'content') return true
    const { looks: lookOf } = window as unknown as { looks: (it: Element) => string }
    const style = getComputedStyle(now)
    if (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 1) return true
    const told = (it: Element | null) => it !== null && looks.has(it) && looks.get(it) !== lookOf(it)
    // A dialog or a field that came with its focus has no look from before; a field's border is what tells.
    if (!looks.has(now)) return now.matches('input, textarea, [role=dialog], [role=menuitem], [role=menu]')
    for (let one: Element | null = now, up = 0; one && up < 4; one = one.parentElement, up++) if (told(one)) return true
    return false
  }, before)

const named = (page: Page) =>
  page.evaluate(() => {
    const it = document.activeElement
    return `${it?.tagName} ${it?.getAttribute('aria-label') ?? it?.textContent?.slice(0, 40)}`
  })

const isFocused = (it: Locator) => it.evaluate((element) => element === document.activeElement)

/** A person without a mouse. Wherever the focus goes, it must be seen there (WCAG 2.4.7). */
export function keyboard(page: Page) {
  const press = async (key: string) => {
    const before = await remember(page)
    const from = await page.evaluateHandle(() => document.activeElement)
    await page.keyboard.press(key)
    // Where the focus stays, it was seen when it came: a list is walked while its field keeps the focus (ARIA combobox).
    const stays = () => page.evaluate((it) => it !== document.body && it === document.activeElement, from)
    await eventually(async () =>
      (await stays()) || (await standsOut(page, before)) ? 'seen' : `unseen on ${await named(page)}`,
    ).toBe('seen')
  }
  return {
    press,
    type: (text: string) => page.keyboard.type(text),
    /** Goes on with Tab until that has the focus. */
    tabTo: async (target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab') => {
      await target.waitFor()
      for (let presses = 0; presses < 60; presses++) {
        if (await isFocused(target)) return
        await press(key)
      }
      throw new Error(`${key} never reaches ${target}`)
    },
    /** The focus has come here by itself: into a dialog, or back from one. */
    isAt: (target: Locator) => eventually(() => isFocused(target)).toBe(true),
  }
}
