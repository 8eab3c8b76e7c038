import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto'
import { isSameTag } from '../../kernel/etags.ts'
import { idPattern } from '../../kernel/ids.ts'
import type { Catalogue, Feature } from '../catalogue/rules.ts'
import { type Evaluation, evaluate, isSeen, type VersionedStanding, versionOf } from '../previews/rules.ts'

/** What any user interface needs to draw the tag (F5). Scalars alone, as the protocol has it; what is not there is left out. */
export interface FlagMetadata {
  stage: Feature['stage']
  badge?: 'Preview'
  title: string
  docsUrl?: string
  feedbackUrl?: string
  since?: string
  plannedEnd?: string
  /** The organization, and the version of what was asked: the names that OpenFeature's telemetry looks for. */
  flagSetId: string
  version: number
}

/** One feature as OFREP tells it (`evaluationSuccess`). */
export interface Flag extends Evaluation {
  key: string
  metadata: FlagMetadata
}

const isPreview = ({ stage }: Feature) => stage === 'private_preview' || stage === 'public_preview'

const flagOf = (it: Feature, catalogue: Catalogue, by: VersionedStanding): Flag => ({
  key: it.key,
  ...evaluate(it, catalogue, by),
  metadata: {
    stage: it.stage,
    ...(isPreview(it) && { badge: 'Preview' }),
    title: it.name,
    ...(it.documentationUrl !== null && { docsUrl: it.documentationUrl }),
    ...(it.feedbackUrl !== null && { feedbackUrl: it.feedbackUrl }),
    ...(it.since !== null && { since: it.since }),
    ...(it.plannedEnd !== null && { plannedEnd: it.plannedEnd }),
    flagSetId: by.id,
    version: versionOf(catalogue, by),
  },
})

/** F6: every feature that this organization may see; what it may not see is not there, as if it were unknown (F2). */
export const flagsOf = (catalogue: Catalogue, by: VersionedStanding): Flag[] =>
  catalogue.features.filter((it) => isSeen(it, by)).map((it) => flagOf(it, catalogue, by))

/** How long an OFREP client keeps the stream of a page that nobody looks at. */
const inactivityDelaySec = 120

/** The bulk answer (`bulkEvaluationSuccess`). */
export const bulkOf = (catalogue: Catalogue, by: VersionedStanding, flags: readonly Flag[], streamUrl: string) => ({
  flags,
  metadata: { flagSetId: by.id, version: versionOf(catalogue, by) },
  eventStreams: [{ type: 'sse', url: streamUrl, inactivityDelaySec }],
})

/** A strong validator of exactly these bytes (RFC 9110 §8.8.1). */
export const etagOf = (body: string): string => `"${hash('sha256', body, 'base64url').slice(0, 27)}"`

const tag = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g
/** RFC 9110 §13.1.2; empty elements of a list are skipped (§5.6.1.2), and a comma may stand inside a tag. */
const tagList =
  /^[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*[ \t,]*$/

/** Does `If-None-Match` name this tag: alone, in a list, weakly, or as `*`? What is no such list names nothing. */
export function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true
  const ours = opaqueOf(etag)
  return tagList.test(ifNoneMatch) && [...ifNoneMatch.matchAll(tag)].some(([, theirs = '']) => isSameTag(ours, theirs))
}

/** A tag as a query carries it: clients send it as they read it in an event, some without its quotes. */
const opaqueOf = (text: string) => text.replace(/^W\//, '').replace(/^"(.*)"$/s, '$1')

/** May a bulk answer be 304? An event that named another state than ours wants the answer in full, whatever the client has. */
export const isUnchanged = (
  etag: string,
  { ifNoneMatch, flagConfigEtags }: { ifNoneMatch: string | undefined; flagConfigEtags: readonly string[] },
): boolean => flagConfigEtags.every((it) => isSameTag(opaqueOf(etag), opaqueOf(it))) && namesTag(ifNoneMatch, etag)

/** Whose stream it is; without an account it is the host product's, which holds the resource key. */
export interface StreamOwner {
  organizationId: string
  accountId?: string | undefined
}

/** A stream's address carries its own credential: one organization, to be told that something changed, for two hours at most. */
export interface Ticket extends StreamOwner {
  endsAtMs: number
}

const hourMs = 60 * 60 * 1000
export const hourOf = (nowMs: number): number => Math.floor(nowMs / hourMs)

/** A key of its own: nothing else that a secret signs can be taken for a ticket, or a ticket for anything else. */
export const ticketKey = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'portcullis stream ticket', 32))

const subjectOf = ({ organizationId, accountId = 'host' }: StreamOwner) => `${organizationId}.${accountId}`

const seal = (key: Buffer, owner: StreamOwner, hour: number) =>
  createHmac('sha256', key)
    .update(`${subjectOf(owner)}.${hour}`)
    .digest()

/** One per account and hour, so that the bulk answer, which holds it, stays the same for an hour. */
export const ticketOf = (key: Buffer, owner: StreamOwner, hour: number): string =>
  `${subjectOf(owner)}.${hour.toString(36)}.${seal(key, owner, hour).toString('base64url')}`

const ticketForm = /^(org_[0-9a-z]{26})\.(host|(?:mem|svc)_[0-9a-z]{26})\.([1-9a-z][0-9a-z]{0,6})\.([\w-]{43})$/

/** Whose stream a ticket opens, under any of the keys; good in its hour and the next. */
export function readTicket(keys: readonly Buffer[], text: string, nowMs: number): Ticket | undefined {
  const [, organizationId = '', holder = '', hourText = '', sealText = ''] = ticketForm.exec(text) ?? []
  const hour = Number.parseInt(hourText, 36)
  const age = hourOf(nowMs) - hour
  if (!idPattern('org').test(organizationId) || (age !== 0 && age !== 1)) return undefined
  const owner: StreamOwner = holder === 'host' ? { organizationId } : { organizationId, accountId: holder }
  const presented = Buffer.from(sealText, 'base64url')
  const good = keys.some((key) => timingSafeEqual(presented, seal(key, owner, hour)))
  return good ? { ...owner, endsAtMs: (hour + 2) * hourMs } : undefined
}
