import type { Lease } from './lease.ts'
import type { Fault, Metric } from './metric.ts'

type Request = 'head' | 'changes' | 'lookup' | 'usage'

export interface WatchParts {
  readonly lease: Lease
  readonly monotonicMs: () => number
  readonly tell: (metric: Metric) => void
  readonly onError: (error: Error) => void
}

export type Watch = ReturnType<typeof buildWatch>

/** What a human must look after, since waiting does not mend it. */
const sentences: Partial<Record<Fault, string>> = {
  key_refused: 'Portcullis refuses the resource key.',
  unexpected: 'What answers at this address is not Portcullis, or not of a version that this verifier knows.',
}

const unmarkedSentence =
  'Answers come without X-Portcullis-Head and X-Portcullis-Mark, so none can be remembered. Does a proxy take them away?'

interface Waiting {
  resolve: () => void
  reject: (error: Error) => void
}

/** Watches the lease come and go, and the faults of requests; decides nothing. */
export function buildWatch({ lease, monotonicMs, tell, onError }: WatchParts) {
  const standing = new Map<Request, Fault>()
  let held = false
  let closed = false
  let isUnmarkedTold = false
  let waiting: Waiting[] = []

  const settle = (how: (it: Waiting) => void) => {
    const all = waiting
    waiting = []
    all.forEach(how)
  }

  return {
    /** Looks whether the lease was won or lost since the last time. */
    look: (): void => {
      const at = monotonicMs()
      const holds = lease.holds(at)
      if (holds === held) return
      held = holds
      tell({ type: holds ? 'lease_gained' : 'lease_lost', ageMs: lease.ageMs(at) ?? 0 })
      if (holds) settle(({ resolve }) => resolve())
    },

    answered: (request: Request): void => {
      standing.delete(request)
    },

    failed: (request: Request, fault: Fault): void => {
      tell({ type: 'failed', request, fault })
      const sentence = sentences[fault]
      if (sentence === undefined || closed) return
      if (fault === 'key_refused') settle(({ reject }) => reject(new Error(sentence)))
      if (standing.get(request) === fault) return
      standing.set(request, fault)
      onError(new Error(sentence))
    },

    /** An answer said nothing of the point that it is true for. */
    unmarked: (): void => {
      if (isUnmarkedTold) return
      isUnmarkedTold = true
      onError(new Error(unmarkedSentence))
    },

    ready: (): Promise<void> =>
      new Promise((resolve, reject) => {
        if (closed) reject(new Error('The verifier is closed.'))
        else if (lease.holds(monotonicMs())) resolve()
        else waiting.push({ resolve, reject })
      }),

    close: (): void => {
      closed = true
      settle(({ reject }) => reject(new Error('The verifier is closed.')))
    },
  }
}
