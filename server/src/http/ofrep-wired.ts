import type { Read } from '../db/change.ts'
import type { Invalidations } from '../db/invalidations.ts'
import { isAccountLive } from '../features/accounts/actions.ts'
import { buildEvaluations, type EvaluationParts } from '../features/evaluation/actions.ts'
import type { Previews } from '../features/previews/actions.ts'
import type { Door } from './door.ts'
import type { Metrics } from './metrics.ts'
import { type OfrepOptions, ofrepDoor } from './ofrep.ts'
import { buildStreams } from './ofrep-stream.ts'

interface OfrepParts extends EvaluationParts, Omit<OfrepOptions, 'evaluations' | 'streams' | 'count'> {
  catalogue: EvaluationParts['catalogue'] & { onChange: (listener: () => void) => () => void }
  previews: Pick<Previews, 'standingOf' | 'onChange'>
  metrics: Pick<Metrics, 'evaluated'>
  read: Read
  invalidations: Pick<Invalidations, 'subscribe'>
}

/** OFREP: its door, and the streams that are told of every change of a choice or of the catalogue. */
export function buildOfrep({ metrics, failed, read, invalidations, ...parts }: OfrepParts) {
  const evaluations = buildEvaluations(parts)
  const streams = buildStreams({
    evaluations,
    isAccountLive: (organizationId, accountId) => isAccountLive(read, organizationId, accountId),
    now: parts.now,
    count: (status) => metrics.evaluated('stream', status),
    failed,
  })
  const listening = [
    parts.previews.onChange(streams.changed),
    parts.catalogue.onChange(() => streams.changed()),
    invalidations.subscribe(streams.invalidate),
  ]
  const door: Door = ofrepDoor({ ...parts, evaluations, streams, count: metrics.evaluated, failed })
  return {
    door,
    streams,
    close: () => {
      for (const stop of listening) stop()
      streams.close()
    },
  }
}
