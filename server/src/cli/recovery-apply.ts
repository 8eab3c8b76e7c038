import * as z from 'zod'
import { chainHash } from '../features/audit/rules.ts'
import { type Applied, applyLost, lostAmong } from '../features/recovery/actions.ts'
import { concernsRecovery, type LostEvent } from '../features/recovery/rules.ts'
import { id } from '../http/shapes.ts'
import { type CommandContext, command, operatorOrigin, type Print } from './command.ts'
import { filePath } from './export.ts'
import { BrokenExport, fileFault, linesOf } from './export-file.ts'

const digest = z.string().regex(/^(?:[0-9a-f]{64})?$/)

/** One line of `GET …/audit-events/export?format=ndjson`. */
const Line = z.strictObject({
  id: z.string(),
  organizationId: id('org'),
  sequence: z.int().min(1),
  time: z.iso.datetime(),
  actor: z.strictObject({
    kind: z.enum(['member', 'service_account', 'operator', 'anonymous']),
    id: z.string().nullable(),
    name: z.string(),
  }),
  action: z.string(),
  target: z.strictObject({ kind: z.string(), id: z.string(), name: z.string() }),
  before: z.unknown(),
  after: z.unknown(),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  requestId: z.string().nullable(),
  previousHash: digest,
  hash: digest,
})

/** An event of the file. Its hash finds what was changed by accident; whoever means harm can compute it (A2). */
function eventOf(line: string): LostEvent {
  const { previousHash, hash, ...event } = Line.parse(JSON.parse(line))
  const record = { ...event, target: event.target as LostEvent['target'] }
  if (chainHash(previousHash, record) !== hash) throw new Error('Another hash.')
  return { ...record, time: new Date(record.time) }
}

async function* eventsIn(file: string): AsyncGenerator<LostEvent> {
  let number = 0
  for await (const line of linesOf(file)) {
    number += 1
    try {
      yield eventOf(line.toString())
    } catch {
      throw new BrokenExport(`line ${number} is no event of an audit log, or not as it was written`)
    }
  }
}

const eventsAtOnce = 500

/** What the file knows and this instance does not, per organization: all is read before anything is done. */
async function findLost({ deps, organizations }: CommandContext, file: string) {
  const here = new Set((await organizations()).map((it) => it.id))
  const found = { lost: new Map<string, LostEvent[]>(), others: 0, gone: new Set<string>() }
  const sift = async (events: readonly LostEvent[]) => {
    for (const [organizationId, of] of Map.groupBy(events, (it) => it.organizationId)) {
      if (!here.has(organizationId)) {
        found.gone.add(organizationId)
        continue
      }
      const lost = await lostAmong(deps, organizationId, of)
      const matter = lost.filter(concernsRecovery)
      found.others += lost.length - matter.length
      found.lost.set(organizationId, [...(found.lost.get(organizationId) ?? []), ...matter])
    }
  }
  let batch: LostEvent[] = []
  for await (const event of eventsIn(file)) {
    batch.push(event)
    if (batch.length < eventsAtOnce) continue
    await sift(batch)
    batch = []
  }
  await sift(batch)
  return found
}

const words = { done: 'done', absent: 'nothing to do', by_hand: 'by hand' } as const

/** Answers whether it could not be done. */
function tell({ step: { event }, outcome }: Applied, print: Print): boolean {
  const word = typeof outcome === 'string' ? words[outcome] : 'COULD NOT'
  print(`${word.padEnd(13)}  ${event.time.toISOString()}  ${event.action}  ${event.target.id}  ${event.target.name}`)
  if (typeof outcome === 'string') return false
  print(`               ${outcome.code}${outcome.detail ? `: ${outcome.detail}` : ''}`)
  return true
}

/** Does again what an audit export says was revoked after the backup. A second time finds nothing to do. */
export const recoveryApply = command({
  name: 'recovery-apply',
  args: z.strictObject({ file: filePath }),
  run: async (context, { file }, print) => {
    let found: Awaited<ReturnType<typeof findLost>>
    try {
      found = await findLost(context, file)
    } catch (error) {
      const reason = error instanceof BrokenExport ? `${file}: ${error.message}.` : fileFault(error)
      if (reason === undefined) throw error
      print(`Nothing was done: ${reason}`)
      return { exitCode: 1 }
    }
    let failed = 0
    for (const [organizationId, lost] of found.lost) {
      for await (const it of applyLost(context.deps, { organizationId, origin: operatorOrigin }, lost)) {
        if (tell(it, print)) failed += 1
      }
    }
    for (const it of found.gone) print(`lost           ${it} is not here: it was founded after the backup`)
    if (found.others > 0) print(`Other events after the backup: ${found.others}. What they made or changed is lost.`)
    if (found.others + found.gone.size + [...found.lost.values()].flat().length === 0)
      print('The audit logs here have every event of that file: nothing came after the backup.')
    if (failed > 0) print(`Could not be done again: ${failed}. See to that before you confirm.`)
    return { exitCode: failed > 0 ? 1 : 0 }
  },
})
