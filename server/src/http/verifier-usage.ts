import { type TokenUse, usesReported } from '../features/usage/rules.ts'
import { UsageReport } from '../features/usage/shapes.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import { parse } from './body.ts'
import { isJson } from './media-type.ts'
import { type Bytes, readBytes } from './read-bytes.ts'
import type { Answering, Asked } from './verifier-asked.ts'

/** Reports that are read or wait to be written at once. */
const maxReports = 64
const maxReportBytes = 256 * 1024

export interface UsageParts {
  /** Resolves once the uses are written; rejects while the database is away. */
  recordUses: (uses: TokenUse[]) => Promise<void>
  /** Unix milliseconds. */
  now: () => number
  failed: (error: unknown, requestId?: string) => void
}

/** Bytes as JSON in UTF-8; nothing is believed about it yet. */
function readJson(bytes: Buffer): Result<unknown, 'bad_request'> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return refuse('bad_request', { detail: 'The body is not JSON in UTF-8.' })
  }
}

/**
 * `POST /v1/usage`: uses that verifiers counted where no question reached this process (T8). They are written before
 * they are acknowledged, and whoever gets no answer sends them again: better a use that is counted twice than one that
 * is lost.
 */
export function takeUses({ recordUses, now, failed }: UsageParts, { count, refused }: Answering) {
  let taken = 0
  /** One write at a time: the gate's look-ups share the connections. */
  let written: Promise<void> = Promise.resolve()

  const usesIn = (body: Bytes) => {
    if (body === 'too_large') return refuse('payload_too_large', { detail: `At most ${maxReportBytes} bytes.` })
    const json = readJson(body)
    if (!json.ok) return json
    const report = parse(UsageReport, json.value)
    return report.ok ? usesReported(report.value, now()) : report
  }

  const acknowledge = ({ route, res, requestId }: Asked, recorded: number) => {
    count(route, 200)
    const body = JSON.stringify({ recorded })
    res.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
      'X-Request-Id': requestId,
    })
    res.end(body)
  }

  const record = async (asked: Asked, uses: TokenUse[]): Promise<void> => {
    // Who went away meanwhile takes it for lost, and sends it again.
    if (asked.res.destroyed) return
    try {
      await recordUses(uses)
    } catch (error) {
      failed(error, asked.requestId)
      return refused(asked, refuse('unavailable'))
    }
    acknowledge(asked, uses.length)
  }

  const take = async (asked: Asked, body: Bytes): Promise<void> => {
    const uses = usesIn(body)
    if (!uses.ok) return refused(asked, uses)
    const turn = written.then(() => record(asked, uses.value))
    written = turn.catch(() => undefined)
    await turn
  }

  const fail = (asked: Asked, error: unknown) => {
    failed(error, asked.requestId)
    if (asked.res.headersSent) asked.res.destroy()
    else refused(asked, refuse('internal'))
  }

  return (asked: Asked) => {
    const { req, res } = asked
    if (!isJson(req.headers['content-type']) || req.headers['content-encoding'] !== undefined)
      return refused(asked, refuse('unsupported_media_type', { detail: 'Send application/json, without an encoding.' }))
    if (taken >= maxReports) return refused(asked, refuse('unavailable', { detail: 'Too many reports at once.' }))
    taken += 1
    res.once('close', () => {
      taken -= 1
    })
    readBytes(req, maxReportBytes, (body) => {
      take(asked, body).catch((error) => fail(asked, error))
    })
  }
}
