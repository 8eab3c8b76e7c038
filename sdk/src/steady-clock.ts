/** Clock readings differ a little by themselves: they are taken one after another, and one of them is in whole milliseconds. */
const toleranceMs = 20

/**
 * A monotonic clock, in milliseconds, that also advances while the machine is suspended. The system's monotonic clock
 * stands still then, so a lease would seem to be as young on waking as it was before. Whatever the wall clock moves more,
 * or less, than the monotonic clock is added: a lease that ends too early is only renewed. (N3)
 */
export function createSteadyClock(monotonicMs: () => number, wallMs: () => number): () => number {
  let offsetMs = wallMs() - monotonicMs()
  let addedMs = 0
  return () => {
    const nowMs = monotonicMs()
    const currentOffsetMs = wallMs() - nowMs
    const jumpMs = Math.abs(currentOffsetMs - offsetMs)
    if (jumpMs > toleranceMs) {
      offsetMs = currentOffsetMs
      addedMs += jumpMs
    }
    return nowMs + addedMs
  }
}
