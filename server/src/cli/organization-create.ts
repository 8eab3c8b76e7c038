import * as z from 'zod'
import type { NewPerson } from '../features/accounts/actions.ts'
import { createOrganization } from '../features/organizations/actions.ts'
import { nameText } from '../http/shapes.ts'
import { emailAddress, printResetLink } from './admin-reset-password.ts'
import { type CommandContext, command, operatorOrigin } from './command.ts'

const args = z.strictObject({
  name: nameText(100),
  adminEmail: emailAddress,
  adminName: nameText(100).optional(),
  /** Left out: nobody knows the password, and a one-time link to choose one is printed. */
  password: z.string().min(1).max(512).optional(),
})

/** The admin, whom the organization must have from its first moment on (O2): somebody who signs in already, or new. */
async function adminOf({ deps }: CommandContext, it: z.infer<typeof args>) {
  const known = await deps.people.byEmail(it.adminEmail)
  if (known) return { admin: known, isNew: false }
  const password = it.password ?? Buffer.from(deps.randomBytes(32)).toString('base64url')
  const admin: NewPerson = { name: it.adminName ?? it.adminEmail, email: it.adminEmail, password }
  return { admin, isNew: true }
}

/** A tenant with its first admin; the command takes a password from standard input alone, since others can read arguments. */
export const organizationCreate = command({
  name: 'organization-create',
  args,
  run: async (context, it, print) => {
    const { deps } = context
    const { admin, isNew } = await adminOf(context, it)
    const founded = await createOrganization(deps, { name: it.name, admin }, operatorOrigin)
    if (!founded.ok) {
      for (const { path, message } of founded.errors ?? []) print(path ? `${path}: ${message}` : message)
      if (!founded.errors) print('The organization could not be created.')
      return { exitCode: 1 }
    }
    const { organization } = founded.value
    print(`Created the organization ${organization.name} (${organization.id}).`)
    if (!isNew) print(`${admin.email} signs in already, and is its admin now: ${deps.instance.publicUrl}`)
    else if (it.password === undefined) await printResetLink(context, admin.email, print)
    else print(`${admin.email} can sign in as its admin: ${deps.instance.publicUrl}`)
    return { exitCode: 0, value: { organizationId: organization.id } }
  },
})
