import * as z from 'zod'
import { holdOrganization, releaseOrganization } from '../features/recovery/actions.ts'
import type { TokenCreation } from '../features/settings/rules.ts'
import { id } from '../http/shapes.ts'
import { headingOf } from './audit-verify.ts'
import { type CommandContext, command, operatorOrigin, type Print } from './command.ts'

const origin = operatorOrigin

/** All organizations, or the one that was asked for; undefined after it was told that there is none. */
export async function wantedOrganizations(
  { organizations }: CommandContext,
  wanted: string | undefined,
  print: Print,
): Promise<{ id: string; name: string }[] | undefined> {
  const found = (await organizations()).filter((it) => wanted === undefined || it.id === wanted)
  if (found.length > 0 || wanted === undefined) return found
  print('There is no such organization.')
  return undefined
}

/** Lowers the gate of every organization, and signs everybody out: who was signed out since the backup is in again. */
export async function beginRecovery(context: CommandContext, print: Print): Promise<void> {
  await context.endSessions()
  for (const organization of await context.organizations()) {
    const held = await holdOrganization(context.deps, { organizationId: organization.id, origin })
    print(`${held ? 'held   ' : 'was down'} ${headingOf(organization)}`)
  }
  print('No token that Portcullis issued is good now, and everybody must sign in again.')
  print('Next: `portcullis recovery apply AUDIT-EXPORT`, `recovery list`, `recovery confirm`.')
}

export const recoveryBegin = command({
  name: 'recovery-begin',
  args: z.strictObject({}),
  run: async (context, _args, print) => {
    await beginRecovery(context, print)
    return { exitCode: 0 }
  },
})

export const settingText = ({ creation, groupIds, suspendOutsideGroups }: TokenCreation): string => {
  if (creation !== 'groups') return creation
  const number = `${groupIds.length} ${groupIds.length === 1 ? 'group' : 'groups'}`
  return `${number}${suspendOutsideGroups ? ', others suspended' : ''}`
}

/** Gives back the setting that stood before; an admin who saves the setting in the console confirms as well. */
export const recoveryConfirm = command({
  name: 'recovery-confirm',
  args: z
    .strictObject({ organization: id('org').optional(), all: z.boolean().default(false) })
    .refine((it) => it.all !== (it.organization !== undefined), 'Name one organization, or say --all.'),
  run: async (context, { organization: wanted }, print) => {
    const organizations = await wantedOrganizations(context, wanted, print)
    if (!organizations) return { exitCode: 1 }
    for (const organization of organizations) {
      const heading = headingOf(organization)
      const stand = await releaseOrganization(context.deps, { organizationId: organization.id, origin })
      if (stand.kind === 'held') print(`back      ${heading}: ${settingText(stand.before)}`)
      else if (stand.kind === 'free') print(`not held  ${heading}: its setting stays as it is`)
      else {
        print(`not held  ${heading}: ${stand.by} saved the setting on ${stand.at.toISOString()}, and that stays`)
      }
    }
    return { exitCode: 0 }
  },
})
