import * as z from 'zod'
import { type Verified, verifyChain } from '../features/audit/actions.ts'
import { type ChainEnd, type ChainFault, chainFaultTexts } from '../features/audit/rules.ts'
import { id } from '../http/shapes.ts'
import { type CommandContext, command, type Outcome, type Print } from './command.ts'

/** What is saved outside, per organization: where its log ended, and the hash that vouches for all before (A2). */
export const Checkpoints = z.array(
  z.strictObject({
    organizationId: id('org'),
    sequence: z.int().min(0),
    hash: z.string().regex(/^(?:[0-9a-f]{64})?$/, 'Not a hash of ours.'),
  }),
)
export type Checkpoint = z.infer<typeof Checkpoints>[number]

const args = z.strictObject({ organization: id('org').optional(), checkpoints: Checkpoints.default([]) })

export const counted = (count: number) => `${count} ${count === 1 ? 'event' : 'events'}`

interface Organization {
  id: string
  name: string
}

export const headingOf = (it: Organization) => `${it.id}  ${it.name}`

/** Where the chain is broken, in a sentence. */
export const faultText = ({ sequence, fault }: ChainFault) => `event ${sequence}: ${chainFaultTexts[fault]}.`

/** How far a good chain reaches, in a line or two. */
function goodText({ start, end, cut }: Verified, checkpoint: Checkpoint | undefined): string[] {
  const reach = cut ? `events ${start.sequence + 1} to ${end.sequence}` : counted(end.sequence)
  const agrees = checkpoint ? `, checkpoint at ${checkpoint.sequence} agrees` : ''
  if (!cut) return [`${reach}${agrees}.`]
  const when = cut.time.toISOString()
  return [
    `${reach}${agrees}.`,
    `        Those up to ${start.sequence} were cut on ${when}, as event ${cut.recordedAs} records.`,
  ]
}

async function verifyOne(
  { deps }: CommandContext,
  organization: Organization,
  checkpoint: Checkpoint | undefined,
  print: Print,
): Promise<ChainEnd | undefined> {
  const verified = await verifyChain(deps, organization.id, checkpoint)
  const heading = headingOf(organization)
  if (!verified) {
    print(`BROKEN  ${heading}: the organization is gone, and the checkpoint knew it.`)
    return undefined
  }
  const { start, end, fault } = verified
  if (fault) {
    const good = end.sequence - start.sequence
    print(`BROKEN  ${heading}: ${faultText(fault)}`)
    if (good > 0) print(`        Events ${start.sequence + 1} to ${end.sequence} follow from each other.`)
    return undefined
  }
  const [first, ...more] = goodText(verified, checkpoint)
  print(`ok      ${heading}: ${first}`)
  for (const line of more) print(line)
  return end
}

/** A2: verifies the audit log of every organization, or of one, and says where each ends. */
export const auditVerify = command({
  name: 'audit-verify',
  args,
  run: async (context, { organization, checkpoints }, print): Promise<Outcome> => {
    const all = await context.organizations()
    const known = new Set(all.map((it) => it.id))
    // An organization that only a checkpoint remembers was deleted behind our back.
    const gone = checkpoints.filter((it) => !known.has(it.organizationId))
    const candidates = [...all, ...gone.map((it) => ({ id: it.organizationId, name: '' }))]
    const wanted = candidates.filter((it) => organization === undefined || it.id === organization)
    if (wanted.length === 0) {
      print(organization === undefined ? 'There is no organization yet.' : 'There is no such organization.')
      return { exitCode: organization === undefined ? 0 : 1, value: [] }
    }
    const checkpointOf = new Map(checkpoints.map((it) => [it.organizationId, it]))
    const ends: Checkpoint[] = []
    for (const it of wanted) {
      const end = await verifyOne(context, it, checkpointOf.get(it.id), print)
      if (end) ends.push({ organizationId: it.id, ...end })
    }
    return { exitCode: ends.length === wanted.length ? 0 : 1, value: ends }
  },
})
