import * as z from 'zod'
import { emailAddress } from '../http/shapes.ts'
import { type CommandContext, command, operatorOrigin, type Print } from './command.ts'

/** Opens the link, and tells each organization of that person (A1). Answers whether somebody signs in with the address. */
export async function printResetLink(context: CommandContext, email: string, print: Print): Promise<boolean> {
  const { deps } = context
  const link = await context.resetPassword(email)
  const person = await deps.people.byEmail(email)
  if (!link.ok || !person) return false
  for (const { organizationId, accountId } of await deps.lookups.membershipsOf(person.id)) {
    const target = { kind: 'member', id: accountId, name: person.name } as const
    await deps.change({ ...operatorOrigin, organizationId, at: deps.now() }, async () => ({
      ok: true,
      value: undefined,
      events: [{ action: 'password.link_issued', target }],
      forget: [],
    }))
  }
  print(`${person.name} can choose a password here, once, until ${link.value.expiresAt.toISOString()}:`)
  print('')
  print(`    ${link.value.url}`)
  print('')
  return true
}

/** For whoever forgot a password while no mail leaves, and for the last admin above all. */
export const adminResetPassword = command({
  name: 'admin-reset-password',
  args: z.strictObject({ email: emailAddress() }),
  run: async (context, { email }, print) => {
    if (await printResetLink(context, email, print)) {
      print(
        'Hand it over in a safe way: whoever opens it first chooses the password. All sessions of that person end then.',
      )
      return { exitCode: 0 }
    }
    print(`Nobody signs in as ${email}.`)
    return { exitCode: 1 }
  },
})
