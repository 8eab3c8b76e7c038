import { type ReactNode, Suspense } from 'react'
import { PageSkeleton } from '../ui/page'
import { NotFound, Trouble } from './dead-ends'
import { type FeatureKey, useEvaluation, useFeature } from './evaluation'

/** A page of a previewed feature: off means absent (F5), so its address is the not-found page, and its code stays away. */
export function WhenOn({ feature, children }: { feature: FeatureKey; children: ReactNode }) {
  const { on } = useFeature(feature)
  const { data, error, refetch } = useEvaluation()
  if (on) return <Suspense fallback={<PageSkeleton />}>{children}</Suspense>
  if (data) return <NotFound />
  return error ? <Trouble error={error} onRetry={refetch} /> : <PageSkeleton />
}
