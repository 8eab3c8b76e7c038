import * as z from 'zod'
import { verifyChain } from '../features/audit/actions.ts'
import { type ChainEnd, chainFaultTexts } from '../features/audit/rules.ts'
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

const counted = (count: number) => `${count} ${count === 1 ? 'event' : 'events'}`

async function verifyOne(
  { deps }: CommandContext,
  organization: { id: string; name: string },
  checkpoint: Checkpoint | undefined,
  print: Print,
): Promise<ChainEnd | undefined> {
  const verified = await verifyChain(deps, organization.id, checkpoint)
  const heading = `${organization.id}  ${organization.name}`
  if (!verified) {
    print(`BROKEN  ${heading}: the organization is gone, and the checkpoint knew it.`)
    return undefined
  }
  const { end, fault } = verified
  if (fault) {
    print(`BROKEN  ${heading}: event ${fault.sequence}: ${chainFaultTexts[fault.fault]}.`)
    print(`        The ${counted(end.sequence)} before are as they were written.`)
    return undefined
  }
  print(
    `ok      ${heading}: ${counted(end.sequence)}${checkpoint ? `, checkpoint at ${checkpoint.sequence} agrees` : ''}.`,
  )
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
    const ends: Checkpoint[] = []
    for (const it of wanted) {
      const end = await verifyOne(
        context,
        it,
        checkpoints.find((checkpoint) => checkpoint.organizationId === it.id),
        print,
      )
      if (end) ends.push({ organizationId: it.id, ...end })
    }
    return { exitCode: ends.length === wanted.length ? 0 : 1, value: ends }
  },
})
