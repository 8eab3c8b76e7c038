import * as z from 'zod'
import { accountName, freeText, sentTime } from '../../http/shapes.ts'
import { maxFeatures, stages } from '../catalogue/rules.ts'

export const PreviewChoice = z
  .strictObject({ enabled: z.array(z.string().max(64)).max(maxFeatures) })
  .meta({ id: 'PreviewChoice' })

export const PreviewFeatures = z
  .object({
    features: z.array(
      z
        .object({
          key: z.string(),
          name: z.string(),
          description: z.string(),
          stage: z.enum(stages),
          documentationUrl: z.string().nullable(),
          feedbackUrl: z.string().nullable(),
          since: z.string().nullable(),
          plannedEnd: z.string().nullable(),
          requires: z.array(z.string()),
          enabled: z.boolean(),
          enabledAt: sentTime().nullable(),
          enabledBy: accountName.nullable(),
        })
        .meta({ id: 'PreviewFeature' }),
    ),
    version: z.int(),
  })
  .meta({ id: 'PreviewFeatures' })

export const NewFeedback = z
  .strictObject({ text: freeText(2000).refine((text) => text !== '', 'Write something.') })
  .meta({ id: 'NewFeedback' })

export const Feedback = z
  .object({ id: z.string(), key: z.string(), text: z.string(), createdAt: sentTime() })
  .meta({ id: 'Feedback' })
