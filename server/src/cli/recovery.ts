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

/**
 * Lowers the gate of every organization, and signs everybody out: who was signed out since the backup is in again.
 * Answers whether that was done. Where there is no organization, it is another database than the one that was restored.
 */
export async function beginRecovery(context: CommandContext, print: Print): Promise<boolean> {
  print(`Recovery in ${context.database}:`)
  const organizations = await context.organizations()
  if (organizations.length === 0) {
    print('There is no organization in it, so nothing was done. Is this the database that was restored?')
    return false
  }
  await context.endSessions()
  for (const organization of organizations) {
    const held = await holdOrganization(context.deps, { organizationId: organization.id, origin })
    print(`${held ? 'held   ' : 'was down'} ${headingOf(organization)}`)
  }
  const count = organizations.length === 1 ? 'the one organization' : `all ${organizations.length} organizations`
  print(`No token that Portcullis issued to ${count} in this database is good now, and everybody must sign in again.`)
  print('Next: `portcullis recovery apply AUDIT-EXPORT`, `recovery list`, `recovery confirm`.')
  return true
}

export const recoveryBegin = command({
  name: 'recovery-begin',
  args: z.strictObject({}),
  run: async (context, _args, print) => ({ exitCode: (await beginRecovery(context, print)) ? 0 : 1 }),
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
