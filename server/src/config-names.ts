/** How many characters must be put in, taken out or replaced to get from one word to the other (Levenshtein). */
function measureDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, character] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, compared] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (character === compared ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** Kubernetes sets these in every pod beside a service that is called `portcullis`. */
const serviceLink = /^PORTCULLIS_(SERVICE_(HOST|PORT)|PORT)(_|$)/

/** Names that look as if they were meant for us and have no effect, each with the one that is most like it. */
export function findUnknownNames(names: readonly string[], known: readonly string[]): Map<string, string> {
  const own = known.filter((name) => name.startsWith('PORTCULLIS_'))
  const found = new Map<string, string>()
  for (const name of names) {
    if (known.includes(name) || serviceLink.test(name)) continue
    const upper = name.toUpperCase()
    // The distance is measured only where it can be small: an environment may hold very long names.
    if (upper.length > 64 || !upper.startsWith('P')) continue
    const [nearest] = own
      .map((candidate) => ({ candidate, distance: measureDistance(upper, candidate) }))
      .sort((a, b) => a.distance - b.distance)
    if (nearest && (upper.startsWith('PORTCULLIS') || nearest.distance <= 2)) found.set(name, nearest.candidate)
  }
  return found
}
