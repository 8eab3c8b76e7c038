import * as z from 'zod'
import type { Membership } from '../db/lookups.ts'
import type { Person } from '../db/people.ts'
import { confirmAddress, resetPerson, resetSecondFactor, stopFreshStart } from '../features/people/actions.ts'
import { emailAddress } from '../http/shapes.ts'
import { type CommandContext, command, type Outcome, operatorOrigin, type Print } from './command.ts'

/** A command about the person with an address; exit code 1 where there is none. */
const personCommand = (
  name: string,
  run: (context: CommandContext, person: Person, print: Print) => Promise<Outcome | undefined>,
) =>
  command({
    name,
    args: z.strictObject({ email: emailAddress() }),
    run: async (context, { email }, print) => {
      const person = await context.deps.people.byEmail(email)
      if (person) return (await run(context, person, print)) ?? { exitCode: 0 }
      print(`No one signs in as ${email}.`)
      return { exitCode: 1 }
    },
  })

function printMemberships(memberships: readonly Membership[], print: Print): void {
  if (memberships.length === 0) print('Not a member of any organization.')
  for (const { organizationName, organizationId, role } of memberships)
    print(`    ${role.padEnd(6)}  ${organizationName} (${organizationId})`)
}

/** O11: the operator knows by other means that the address belongs to this person. */
export const adminConfirmAddress = personCommand('admin-confirm-address', async ({ deps }, person, print) => {
  await confirmAddress(deps, person, operatorOrigin)
  print(`The address ${person.email} is confirmed.`)
  return undefined
})

/** O14: for a person whose sign-in belongs to someone else. */
export const adminResetPerson = personCommand('admin-reset-person', async ({ deps }, person, print) => {
  print(`${person.name} <${person.email}> is a member of:`)
  printMemberships(await deps.lookups.membershipsOf(person.id), print)
  await resetPerson(deps, person, operatorOrigin)
  print('Ended: password, second factor, backup codes, sessions and pending links.')
  print('Revoked: the API tokens of these memberships, listed in each audit log. The memberships remain.')
  print(`To let the person in again, run: portcullis admin reset-password ${person.email}`)
  return undefined
})

/** O14: a second factor that was lost, or that belongs to someone else. */
export const adminResetSecondFactor = personCommand('admin-reset-second-factor', async ({ deps }, person, print) => {
  const wasOn = await resetSecondFactor(deps, person, operatorOrigin)
  print(
    wasOn
      ? `Two-factor authentication of ${person.email} is off. All sessions of that person ended.`
      : `Two-factor authentication of ${person.email} was not on.`,
  )
  return undefined
})

/** O12: the person objects, or the operator does not recognize the request. */
export const adminStopFreshStart = personCommand('admin-stop-fresh-start', async ({ deps }, person, print) => {
  const stopped = await stopFreshStart(deps, person, operatorOrigin)
  print(
    stopped > 0
      ? `The fresh start of ${person.email} is stopped. A new invitation can request another one; confirm-address prevents that.`
      : `No fresh start was requested for ${person.email}.`,
  )
  return { exitCode: stopped > 0 ? 0 : 1 }
})

export const personCommands = [adminConfirmAddress, adminResetPerson, adminResetSecondFactor, adminStopFreshStart]
