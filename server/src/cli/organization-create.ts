import * as z from 'zod'
import type { NewPerson } from '../features/accounts/actions.ts'
import { createInvitedOrganization, inviteAdmin, type ShownInvitation } from '../features/invitations/actions.ts'
import { createOrganization } from '../features/organizations/actions.ts'
import { emailAddress, id, nameText } from '../http/shapes.ts'
import { printResetLink } from './admin-reset-password.ts'
import { type CommandContext, command, type Outcome, operatorOrigin, type Print } from './command.ts'

const args = z.strictObject({
  name: nameText(100),
  adminEmail: emailAddress(),
  adminName: nameText(100).optional(),
  /** Left out: nobody knows the password, and a one-time link to choose one is printed. */
  password: z.string().min(1).max(512).optional(),
  /** Invites a person who signs in already; they have no rights before they accept, signed in. (O14) */
  inviteExisting: z.boolean().default(false),
})

type Args = z.infer<typeof args>

function printInvitation({ email, url, expiresAt }: ShownInvitation, print: Print): void {
  print(`${email} can accept the invitation here, signed in with that address, until ${expiresAt.toISOString()}:`)
  print('')
  print(`    ${url}`)
  print('')
  print('The organization has no admin until then. For a new link, run: portcullis organization invite-admin')
}

async function createWithInvitation({ deps }: CommandContext, it: Args, print: Print): Promise<Outcome> {
  const created = await createInvitedOrganization(deps, { name: it.name, email: it.adminEmail }, operatorOrigin)
  if (!created.ok) throw new Error('An invitation to a new organization is never refused.')
  const { organization, invitation } = created.value
  print(`Created the organization ${organization.name} (${organization.id}).`)
  printInvitation(invitation, print)
  return { exitCode: 0, value: { organizationId: organization.id } }
}

/** Nothing grants rights to a person who exists without their sign-in: someone else may have claimed the address. (O14) */
function printExisting({ adminEmail }: Args, print: Print): Outcome {
  print(`${adminEmail} signs in already, and the address may have been claimed by someone else.`)
  print('To invite this person, who then accepts signed in, add: --invite-existing')
  return { exitCode: 1 }
}

/** A tenant with its first admin; the command takes a password from standard input alone, since others can read arguments. */
export const organizationCreate = command({
  name: 'organization-create',
  args,
  run: async (context, it, print) => {
    const { deps } = context
    if (await deps.people.byEmail(it.adminEmail)) {
      return it.inviteExisting ? createWithInvitation(context, it, print) : printExisting(it, print)
    }
    const password = it.password ?? Buffer.from(deps.randomBytes(32)).toString('base64url')
    const admin: NewPerson = { name: it.adminName ?? it.adminEmail, email: it.adminEmail, password }
    const founded = await createOrganization(deps, { name: it.name, admin }, operatorOrigin)
    if (!founded.ok) {
      for (const { path, message } of founded.errors ?? []) print(path ? `${path}: ${message}` : message)
      if (!founded.errors) print('The organization could not be created.')
      return { exitCode: 1 }
    }
    const { organization } = founded.value
    print(`Created the organization ${organization.name} (${organization.id}).`)
    if (it.password === undefined) await printResetLink(context, admin.email, print)
    else print(`${admin.email} can sign in as its admin: ${deps.instance.publicUrl}`)
    return { exitCode: 0, value: { organizationId: organization.id } }
  },
})

/** O14: for an organization whose invited admin has not joined, or whose admins are gone. */
export const organizationInviteAdmin = command({
  name: 'organization-invite-admin',
  args: z.strictObject({ organization: id('org'), email: emailAddress() }),
  run: async ({ deps }, { organization: organizationId, email }, print) => {
    const invited = await inviteAdmin(deps, { organizationId, email }, operatorOrigin)
    if (invited.ok) {
      printInvitation(invited.value, print)
      return { exitCode: 0 }
    }
    print(invited.code === 'not_found' ? 'There is no such organization.' : `${email} is a member already.`)
    return { exitCode: 1 }
  },
})
