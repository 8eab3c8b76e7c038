import { createSteadyClock } from './steady-clock.ts'

/** Clocks and intervals, so that tests need not wait. */
export interface World {
  /** For leases: it never goes back, and does not stand still while the machine is suspended. */
  readonly monotonicMs: () => number
  /** For expirations. */
  readonly nowMs: () => number
  readonly renewMs: number
  /** So long may head answers grant nothing until the stream is given up. */
  readonly behindMs: number
  /** No byte for this long, comments included, and the stream is given up. */
  readonly silentMs: number
  /** The same while it is being opened. */
  readonly openMs: number
  /** How long to wait before coming back to the stream, until the server says otherwise; doubled with each failure. */
  readonly retryMs: number
  readonly usageMs: number
}

export const usualWorld: World = {
  monotonicMs: createSteadyClock(
    () => performance.now(),
    () => Date.now(),
  ),
  nowMs: () => Date.now(),
  renewMs: 250,
  behindMs: 500,
  // The server says something every 15 s.
  silentMs: 40_000,
  openMs: 5_000,
  retryMs: 1_000,
  usageMs: 10_000,
}
