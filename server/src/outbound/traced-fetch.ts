import type { Trace } from '../kernel/deps.ts'
import type { FetchJson } from './fetch-json.ts'

/** Of an address that an admin typed, traces tell the host alone: its path and query may be anything. */
export const tracedFetch =
  (fetchJson: FetchJson, trace: Trace): FetchJson =>
  (url) =>
    trace(
      {
        name: 'fetch JSON',
        kind: 'client',
        facts: URL.canParse(url) ? { 'server.address': new URL(url).hostname } : {},
      },
      () => fetchJson(url),
      (it) => ({ facts: it.ok ? {} : { 'error.type': it.code }, failed: !it.ok }),
    )
