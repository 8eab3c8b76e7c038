import type { IdPrefix } from './ids.ts'

/** What the outside world gives us and a test may set: time, identity and chance. */
export interface World {
  now: () => Date
  newId: (prefix: IdPrefix) => string
  randomBytes: (size: number) => Uint8Array
}
