import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ProblemCode, problems } from '../kernel/problems.ts'
import type { RefusalFacts } from '../kernel/result.ts'
import { sendProblem } from './door.ts'

/** The doors for verifiers, as metrics name them. */
export type VerifierRoute = 'head' | 'changes' | 'usage'

/** One request of a verifier on its way to its answer. */
export interface Asked {
  route: VerifierRoute
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  query: string
}

/** One answer, for the metrics. */
export type CountAnswer = (route: VerifierRoute, status: number) => void

export interface Answering {
  count: CountAnswer
  refused: (asked: Asked, refusal: { code: ProblemCode } & RefusalFacts, headers?: Record<string, string>) => void
}

/** How the doors for verifiers answer: every answer is counted. */
export const buildAnswering = (count: CountAnswer): Answering => ({
  count,
  refused: ({ route, res, requestId }, refusal, headers = {}) => {
    count(route, problems[refusal.code].status)
    sendProblem(res, requestId, refusal, headers)
  },
})
