import * as z from 'zod'
import { type ChainEnd, chainStart } from '../features/audit/rules.ts'
import { day, id, time } from '../http/shapes.ts'
import { Checkpoints, counted, faultText, headingOf } from './audit-verify.ts'
import { type CommandContext, command, type Outcome, operatorOrigin, type Print } from './command.ts'

const startOfDay = day('Enter a day (YYYY-MM-DD).').transform((text) => new Date(`${text}T00:00:00Z`))

const args = z.strictObject({
  before: z.union(
    [startOfDay, time()],
    'Enter a day (YYYY-MM-DD, its beginning in UTC) or a point in time (RFC 3339).',
  ),
  organization: id('org').optional(),
  /** When given, no log is cut beyond its checkpoint; one that has none is not cut at all. */
  checkpoints: Checkpoints.optional(),
  dryRun: z.boolean().default(false),
})

interface Wanted {
  organization: { id: string; name: string }
  before: Date
  checkpoint: ChainEnd | undefined
  dryRun: boolean
}

/** Whether this log is well, and cut as far as was asked for. */
async function retainOne({ cutLog }: CommandContext, wanted: Wanted, print: Print): Promise<boolean> {
  const outcome = await cutLog({ ...wanted, actor: operatorOrigin.actor, authority: operatorOrigin.authority })
  const heading = headingOf(wanted.organization)
  if (!outcome) return true
  if ('fault' in outcome) {
    print(`BROKEN  ${heading}: ${faultText(outcome.fault)} Nothing was removed: it may be evidence.`)
    return false
  }
  const { upTo, count, recordedAs } = outcome.removed
  if (count === 0) print(`kept    ${heading}: nothing to remove.`)
  else if (wanted.dryRun) print(`to cut  ${heading}: ${counted(count)}, up to event ${upTo}.`)
  else {
    const record = recordedAs === undefined ? 'left by a cut before' : `recorded as event ${recordedAs}`
    print(`cut     ${heading}: ${counted(count)} removed, up to event ${upTo}, ${record}.`)
  }
  return true
}

/** A2: removes the events from before a moment, of every organization or of one; the rest stays provable. */
export const auditRetain = command({
  name: 'audit-retain',
  args,
  run: async (context, { before, organization, checkpoints, dryRun }, print): Promise<Outcome> => {
    if (before > context.deps.now()) {
      print('before: Lies in the future.')
      return { exitCode: 2 }
    }
    const all = await context.organizations()
    const wanted = all.filter((it) => organization === undefined || it.id === organization)
    if (wanted.length === 0) {
      print(organization === undefined ? 'There is no organization yet.' : 'There is no such organization.')
      return { exitCode: organization === undefined ? 0 : 1 }
    }
    const known = checkpoints && new Map(checkpoints.map((it) => [it.organizationId, it]))
    let broken = 0
    for (const it of wanted) {
      const checkpoint = known && (known.get(it.id) ?? chainStart)
      if (!(await retainOne(context, { organization: it, before, checkpoint, dryRun }, print))) broken += 1
    }
    return { exitCode: broken === 0 ? 0 : 1 }
  },
})
