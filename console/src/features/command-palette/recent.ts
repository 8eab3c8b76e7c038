const most = 6

/** Of this viewer alone, on this machine alone. */
const keyOf = (viewer: string) => `portcullis-recent-commands:${viewer}`

/** What was chosen last, the latest first. Whatever stands there is somebody's storage: it may be anything. */
export function readRecent(viewer: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(viewer)) ?? '[]')
    return Array.isArray(kept) ? kept.filter((it) => typeof it === 'string').slice(0, most) : []
  } catch {
    return []
  }
}

export function rememberRecent(viewer: string, command: string) {
  const kept = [command, ...readRecent(viewer).filter((it) => it !== command)].slice(0, most)
  try {
    localStorage.setItem(keyOf(viewer), JSON.stringify(kept))
  } catch {
    // A full or forbidden storage only means that nothing is recent.
  }
}
