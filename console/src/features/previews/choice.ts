import type { PreviewFeature, Previews } from './queries'

type Choosable = Pick<PreviewFeature, 'key' | 'requires'>

/** The keys that are chosen, in the order of the list. */
export const chosenOf = ({ features }: Previews) => features.filter(({ enabled }) => enabled).map(({ key }) => key)

export const sameKeys = (one: readonly string[], other: readonly string[]) =>
  [...one].sort().join() === [...other].sort().join()

/** What changes together (F4): the new choice, and what changed beside the one that was ticked or unticked. */
export type Change = { chosen: string[]; along: string[] }

/** Ticks a feature, and with it all that it requires, directly or by another. */
export function tick(features: readonly Choosable[], chosen: readonly string[], key: string): Change {
  const along = closure(key, (one) => features.find((it) => it.key === one)?.requires ?? [])
    .filter((one) => features.some((it) => it.key === one))
    .filter((one) => !chosen.includes(one))
  return { chosen: ordered(features, [...chosen, key, ...along]), along: ordered(features, along) }
}

/** Unticks a feature, and with it all that requires it, directly or by another. */
export function untick(features: readonly Choosable[], chosen: readonly string[], key: string): Change {
  const along = closure(key, (one) =>
    features.filter(({ requires }) => requires.includes(one)).map((it) => it.key),
  ).filter((one) => chosen.includes(one))
  return { chosen: chosen.filter((one) => one !== key && !along.includes(one)), along: ordered(features, along) }
}

/** Only what can be chosen at all: a feature that has left the list meanwhile would be refused. */
export const amongListed = (features: readonly Choosable[], chosen: readonly string[]) =>
  features.map(({ key }) => key).filter((key) => chosen.includes(key))

function closure(start: string, next: (key: string) => readonly string[]): string[] {
  const found = new Set<string>()
  const walk = (key: string) => {
    for (const one of next(key)) {
      if (one === start || found.has(one)) continue
      found.add(one)
      walk(one)
    }
  }
  walk(start)
  return [...found]
}

const ordered = (features: readonly Choosable[], keys: readonly string[]) =>
  features.map(({ key }) => key).filter((key) => keys.includes(key))
