import type { Reason } from './verification.ts'

/** What a request to the server came to: nothing or a 503; a refused key; or an answer that is none of Portcullis. */
export type Fault = 'away' | 'key_refused' | 'unexpected'

/** Why a stream of changes ended. */
export type StreamEnd = 'ended' | 'failed' | 'silent' | 'behind' | 'gap'

/** What a verifier tells those who watch it. */
export type Metric =
  /** `form`: by the text alone. `outage`: a known token, while the server is away and `outageMs` allows it. */
  | { type: 'decided'; from: 'memory' | 'server' | 'form' | 'outage'; active: boolean; reason?: Reason }
  | { type: 'lease_gained'; ageMs: number }
  /** `ageMs`: how long ago all that is remembered was known to be true. */
  | { type: 'lease_lost'; ageMs: number }
  | { type: 'reconnected'; after: StreamEnd }
  | { type: 'forgot_everything' }
  | { type: 'failed'; request: 'head' | 'changes' | 'lookup' | 'usage'; fault: Fault }
  /** Uses that will not be reported. */
  | { type: 'usage_lost'; uses: number }
