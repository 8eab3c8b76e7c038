import type { FeatureKey } from '../../shell/evaluation'

export type Command = {
  /** Stays the same from visit to visit, since what was recent is remembered by it. */
  key: string
  label: string
  group: 'Pages' | 'Actions'
  feature?: FeatureKey | undefined
  run: () => void
}

export type Found = { group: string; commands: Command[] }

const folded = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase()

/** How well a label fits what was typed: 0 not at all. Each word must begin a word of the label, or be in it. */
function fit(label: string, words: string[]): number {
  const text = folded(label)
  if (!words.every((word) => text.includes(word))) return 0
  if (text.startsWith(words.join(' '))) return 3
  return words.every((word) => text.split(/\s+/).some((part) => part.startsWith(word))) ? 2 : 1
}

/**
 * What is found, in groups. With nothing typed all of it, and first what was chosen last; else the best fit first, and
 * among equals what was chosen last.
 */
export function find(commands: readonly Command[], typed: string, recent: readonly string[]): Found[] {
  const words = folded(typed).split(/\s+/).filter(Boolean)
  const lately = recent.flatMap((key) => commands.find((it) => it.key === key) ?? [])
  if (words.length === 0) {
    const others = commands.filter((it) => !lately.includes(it))
    return grouped([
      ['Recent', lately],
      ['Pages', others.filter(({ group }) => group === 'Pages')],
      ['Actions', others.filter(({ group }) => group === 'Actions')],
    ])
  }
  const age = (it: Command) => (lately.includes(it) ? lately.indexOf(it) : lately.length)
  const fits = commands
    .map((it) => ({ it, fit: fit(it.label, words) }))
    .filter(({ fit }) => fit > 0)
    .sort((one, other) => other.fit - one.fit || age(one.it) - age(other.it))
    .map(({ it }) => it)
  return grouped([['Found', fits]])
}

const grouped = (groups: [string, Command[]][]) =>
  groups.filter(([, commands]) => commands.length > 0).map(([group, commands]) => ({ group, commands }))
