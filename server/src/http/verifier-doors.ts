import { refuse } from '../kernel/result.ts'
import { authorizationOf, type KnowsKey, keyChallenge } from './credentials.ts'
import type { Door } from './door.ts'
import { carriesTokenIn } from './doorkeeper.ts'
import { targetOf } from './target.ts'
import { type Asked, buildAnswering, type CountAnswer, type VerifierRoute } from './verifier-asked.ts'
import { buildChangeStreams, type ChangeParts } from './verifier-changes.ts'
import { answerHead, type HeadParts } from './verifier-head.ts'
import { takeUses, type UsageParts } from './verifier-usage.ts'

export interface VerifierParts extends HeadParts, UsageParts, ChangeParts {
  lease: HeadParts['lease'] & ChangeParts['lease']
  knowsKey: KnowsKey
  count: CountAnswer
}

interface Place {
  route: VerifierRoute
  method: 'GET' | 'POST'
  serve: (asked: Asked) => void
}

/**
 * The doors of verifiers that hosts embed, for who holds a resource key: a lease (N3), the changes, and where uses are
 * reported. They stand on bare node:http as the gate does, since each verifier asks four times a second.
 */
export function buildVerifierDoors({ knowsKey, count, ...parts }: VerifierParts) {
  const answering = buildAnswering(count)
  const streams = buildChangeStreams(parts, answering)
  const places = new Map<string, Place>([
    ['/v1/head', { route: 'head', method: 'GET', serve: answerHead(parts, answering) }],
    ['/v1/changes', { route: 'changes', method: 'GET', serve: streams.serve }],
    ['/v1/usage', { route: 'usage', method: 'POST', serve: takeUses(parts, answering) }],
  ])

  const admit = (asked: Asked, { method, serve }: Place) => {
    const { req, query } = asked
    if (req.method !== method) return answering.refused(asked, refuse('not_found', { detail: `Use ${method}.` }))
    const caller = authorizationOf(req)
    if (!caller.ok) return answering.refused(asked, caller)
    if (query !== '' && carriesTokenIn(new URLSearchParams(query)))
      return answering.refused(asked, refuse('bad_request', { detail: 'Send the key in a header, never in a URL.' }))
    if (knowsKey(caller.value)) return serve(asked)
    const refusal = refuse('unauthenticated', { detail: 'Send a resource key, as Bearer or as the password of Basic.' })
    answering.refused(asked, refusal, { 'WWW-Authenticate': keyChallenge(caller.value) })
  }

  const door: Door = (req, res, requestId) => {
    const { path, query } = targetOf(req)
    const place = places.get(path)
    if (!place) return false
    const asked: Asked = { route: place.route, req, res, requestId, query }
    try {
      admit(asked, place)
    } catch (error) {
      parts.failed(error, requestId)
      if (res.headersSent) res.destroy()
      else answering.refused(asked, refuse('internal'))
    }
    return true
  }
  return { door, streams }
}
