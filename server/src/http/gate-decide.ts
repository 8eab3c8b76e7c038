import type { ServerResponse } from 'node:http'
import type { Gate } from '../features/access/actions.ts'
import type { Decision, Reason } from '../features/access/rules.ts'
import type { Trace } from '../kernel/deps.ts'
import { refuse } from '../kernel/result.ts'
import { sendProblem } from './door.ts'
import type { VerificationEndpoint } from './verification-latency.ts'

/** How a question to the gate ended, for the metrics (N4: refused calls are counted, and nothing else). */
export type GateOutcome = 'active' | Reason | 'missing' | 'forbidden' | 'bad_request' | 'bad_caller'

export interface GateOptions {
  gate: Gate
  count: (door: 'introspection' | 'forward_auth', outcome: GateOutcome) => void
  /** How long a verification took, once its answer is written. */
  verified?: (endpoint: VerificationEndpoint, ms: number) => void
  /** Tells of decisions that asked the database; those from memory are over before anything could be told. */
  trace?: Trace | undefined
  /** A bug: the request is answered with 500. */
  failed: (error: unknown, requestId: string) => void
}

const traced = (trace: Trace, res: ServerResponse, requestId: string, decision: Promise<Decision>) =>
  trace(
    {
      name: 'gate decision',
      kind: 'server',
      traceparent: res.req.headers.traceparent as string | undefined,
      facts: { 'portcullis.request.id': requestId },
    },
    () => decision,
    (it) => ({
      facts: {
        'portcullis.gate.outcome': it.active ? 'active' : it.reason,
        ...(it.active && { 'portcullis.organization.id': it.evidence.account.organizationId }),
      },
      failed: !it.active && it.reason === 'unavailable',
    }),
  )

interface Question {
  endpoint: VerificationEndpoint
  token: string
  organizationId: string | undefined
  requestId: string
  /** Set where the database must not be asked, since too many wait for it. */
  noPlace: (() => void) | undefined
  bugMembers?: Record<string, unknown>
}

/** Asks the gate; from memory the answer comes in the same tick, since a promise would cost more than the decision. */
export function decide(
  { gate, trace, failed, verified }: GateOptions,
  asked: Question,
  res: ServerResponse,
  send: (decision: Decision, head: number, mark: string) => void,
): void {
  const startedAtMs = performance.now()
  const answer = (decision: Decision, head: number, mark: string) => {
    send(decision, head, mark)
    verified?.(asked.endpoint, performance.now() - startedAtMs)
  }
  const fail = (error: unknown) => {
    failed(error, asked.requestId)
    if (res.headersSent) return void res.destroy()
    sendProblem(res, asked.requestId, refuse('internal'), {}, asked.bugMembers)
  }
  try {
    // Both in one tick, and before the question: what the answer rests on is at least this new (X-Portcullis-Head, …-Mark).
    const { head, mark } = gate
    const decision = gate.decide(asked.token, asked.organizationId, asked.noPlace)
    if (decision instanceof Promise) {
      const told = trace ? traced(trace, res, asked.requestId, decision) : decision
      told.then((it) => answer(it, head, mark)).catch(fail)
    } else answer(decision, head, mark)
  } catch (error) {
    fail(error)
  }
}
