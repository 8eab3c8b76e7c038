import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getPreviewFeatures, givePreviewFeedback, savePreviewFeatures } from '../../client/sdk.gen'
import type { PreviewFeature, PreviewFeatures } from '../../client/types.gen'

export type { PreviewFeature }
export type Previews = PreviewFeatures

export const previewsQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'preview-features'],
    queryFn: () => ask(getPreviewFeatures({ path: { org } })),
  })

export const putPreviews = (org: string, enabled: string[], version: Previews['version']) =>
  ask(savePreviewFeatures({ path: { org }, headers: { 'If-Match': `"${version}"` }, body: { enabled } }))

export const postFeedback = (org: string, key: string, text: string) =>
  ask(givePreviewFeedback({ path: { org, key }, body: { text } }))
