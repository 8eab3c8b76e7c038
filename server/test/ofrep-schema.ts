import { z } from 'zod'

/**
 * The answers of OFREP 0.3 as the protocol's OpenAPI document has them, with its known faults mended: there the branch
 * for a code default matches everything, so that no success with a value is valid (here: only what has no value), two
 * branches take numbers, and a bulk failure may not say FLAG_NOT_FOUND. Objects are strict where ours hold nothing more.
 */
const metadata = z.record(z.string(), z.union([z.boolean(), z.string(), z.number()]))
const reason = z.enum(['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DISABLED', 'UNKNOWN'])
const value = z.union([z.boolean(), z.string(), z.number(), z.record(z.string(), z.unknown())])
const described = { key: z.string(), reason, variant: z.string().optional(), metadata: metadata.optional() }

const withValue = z.strictObject({ ...described, value })
const codeDefault = z.strictObject(described)
export const evaluationSuccess = z.union([withValue, codeDefault])

const errorCode = z.enum(['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL', 'FLAG_NOT_FOUND'])
const failure = { errorCode, errorDetails: z.string().optional() }

export const evaluationFailure = z.strictObject({ key: z.string(), ...failure, metadata: metadata.optional() })
export const flagNotFound = evaluationFailure.extend({ errorCode: z.literal('FLAG_NOT_FOUND') })
export const bulkFailure = z.strictObject(failure)

const eventStream = z.strictObject({
  type: z.literal('sse'),
  url: z.url(),
  inactivityDelaySec: z.int().min(1).optional(),
})

export const bulkSuccess = z.strictObject({
  flags: z.array(z.union([evaluationSuccess, evaluationFailure])),
  metadata: metadata.optional(),
  eventStreams: z.array(eventStream).optional(),
})

export const refetchEvent = z.strictObject({
  type: z.literal('refetchEvaluation'),
  etag: z.string().optional(),
  lastModified: z.union([z.int(), z.iso.datetime()]).optional(),
})
