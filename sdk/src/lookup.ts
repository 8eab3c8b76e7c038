import { readAnswer } from './answer.ts'
import type { Lease, Point } from './lease.ts'
import type { Fault } from './metric.ts'
import { ask, type Reply, type Server } from './request.ts'
import { readPoint } from './step.ts'
import type { Verification } from './verification.ts'

export interface TokenQuestion {
  readonly credential: string
  readonly source: 'managed' | 'external'
  readonly organization: string | undefined
  readonly hash: string
  /** Under which all who ask the same are one. */
  readonly key: string
}

/** `joined`: somebody else's question brought it, so that the server has counted one use and not this one. */
export type Found =
  | { readonly answer: Verification; readonly point: Point | undefined; readonly joined: boolean }
  | { readonly fault: Fault }

interface UnderWay {
  readonly steps: number
  readonly found: Promise<Found>
}

export interface LookupParts {
  readonly server: Server
  readonly lease: Lease
  readonly monotonicMs: () => number
  readonly timeoutMs: number
  /** The answer may be kept: it is not older than what has been forgotten (N3). `from`: the number at which it was true. */
  readonly keep: (question: TokenQuestion, answer: Verification, from: number) => void
  readonly answered: () => void
  /** An answer said nothing of the point that it is true for. */
  readonly unmarked: () => void
  readonly failed: (fault: Fault) => void
}

const mostBytes = 64 * 1024
/** More at once would only wait for one another. */
const mostUnderWay = 1_000

const headOf = (headers: Headers): Point | undefined => {
  const number = headers.get('x-portcullis-head')
  return number === null || !/^\d{1,15}$/.test(number)
    ? undefined
    : readPoint(Number(number), headers.get('x-portcullis-mark'))
}

/** Asks the server about tokens, about one at once only once. */
export class Lookup {
  readonly #parts: LookupParts
  readonly #underWay = new Map<string, UnderWay>()
  #count = 0

  constructor(parts: LookupParts) {
    this.#parts = parts
  }

  /**
   * What the server says of this token. A question that is under way serves those who come later, if nothing was
   * forgotten since it was sent, and its answer is of the very point that their lease vouches for. Without a lease every
   * call asks by itself, since nothing else tells how old an answer may be.
   */
  async find(question: TokenQuestion): Promise<Found> {
    const { lease, monotonicMs } = this.#parts
    for (;;) {
      const known = this.#underWay.get(question.key)
      const newest = lease.applied
      const mayJoin = known?.steps === lease.steps && newest && lease.isNewest(newest) && lease.holds(monotonicMs())
      if (!known || !mayJoin) return this.#ask(question)
      const found = await known.found
      if ('fault' in found) return found
      if (found.point?.number === newest.number && found.point.mark === newest.mark) return { ...found, joined: true }
    }
  }

  async #ask(question: TokenQuestion): Promise<Found> {
    if (this.#count >= mostUnderWay) return { fault: 'away' }
    const underWay = { steps: this.#parts.lease.steps, found: this.#send(question) }
    this.#underWay.set(question.key, underWay)
    this.#count += 1
    try {
      return await underWay.found
    } finally {
      this.#count -= 1
      if (this.#underWay.get(question.key) === underWay) this.#underWay.delete(question.key)
    }
  }

  async #send(question: TokenQuestion): Promise<Found> {
    const { server, lease, timeoutMs } = this.#parts
    const { beginnings } = lease
    const form = new URLSearchParams({ token: question.credential })
    if (question.organization !== undefined) form.set('organization', question.organization)
    const reply = await ask(
      server,
      {
        path: '/oauth2/introspect',
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      },
      { timeoutMs, mostBytes },
    )
    return this.#read(question, reply, beginnings)
  }

  #read(question: TokenQuestion, reply: Reply, beginnings: number): Found {
    const answer = reply.ok ? readAnswer(reply.text, question.source) : undefined
    if (!reply.ok || !answer) {
      const fault = reply.ok ? 'unexpected' : reply.fault
      this.#parts.failed(fault)
      return { fault }
    }
    this.#parts.answered()
    const point = headOf(reply.headers)
    if (!point) this.#parts.unmarked()
    else if (this.#parts.lease.mayKeep(point, beginnings)) this.#parts.keep(question, answer, point.number)
    return { answer, point, joined: false }
  }
}
