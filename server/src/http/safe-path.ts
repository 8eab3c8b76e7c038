import { prefixOf } from '../kernel/ids.ts'

/** A path for the log: segments that may be a one-time secret (invitations, set-up, password links) are left out. */
export const safePath = (path: string): string =>
  path
    .slice(0, 500)
    .split('/')
    .map((segment) => (segment.length >= 20 && prefixOf(segment) === undefined ? '…' : segment))
    .join('/')
