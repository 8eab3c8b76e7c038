import type { Reader, Writer } from '../../db/change.ts'
import type { TokenCreation } from '../settings/rules.ts'
import { type Organization, slugAttempt } from './rules.ts'

export async function findOrganization(db: Reader, id: string): Promise<Organization | undefined> {
  const row = await db
    .selectFrom('organizations')
    .select(['id', 'name', 'slug', 'created_at', 'admin_role_id', 'member_role_id'])
    .where('id', '=', id)
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      name: row.name,
      slug: row.slug,
      createdAt: row.created_at,
      roleIds: { admin: row.admin_role_id, member: row.member_role_id },
    }
  )
}

/** Writes an organization under the first free slug. Other organizations can't be seen from here, so the index decides. */
export async function insertOrganization(tx: Writer, it: Organization): Promise<Organization> {
  for (let attempt = 0; ; attempt += 1) {
    const slug = slugAttempt(it.slug, attempt)
    const inserted = await tx
      .insertInto('organizations')
      .values({
        id: it.id,
        name: it.name,
        slug,
        created_at: it.createdAt,
        admin_role_id: it.roleIds.admin,
        member_role_id: it.roleIds.member,
      })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (inserted) return { ...it, slug }
  }
}

/** What an organization starts with (P1); nobody has selected anything yet. */
export async function insertSettings(
  tx: Writer,
  organizationId: string,
  setting: TokenCreation,
  at: Date,
): Promise<void> {
  await tx
    .insertInto('token_settings')
    .values({
      organization_id: organizationId,
      creation: setting.creation,
      suspend_outside_groups: setting.suspendOutsideGroups,
      version: 1,
      updated_at: at,
      updated_by: null,
    })
    .execute()
}

/** The organization's first admin, who has joined by founding it. */
export async function insertFounder(
  tx: Writer,
  it: { id: string; organizationId: string; userId: string; name: string; email: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('accounts')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      kind: 'member',
      user_id: it.userId,
      name: it.name,
      email: it.email,
      role: 'admin',
      status: 'joined',
      created_at: it.at,
      created_by: null,
      joined_at: it.at,
      removed_at: null,
    })
    .execute()
}

export async function renameOrganization(tx: Writer, id: string, name: string): Promise<void> {
  await tx.updateTable('organizations').set({ name }).where('id', '=', id).execute()
}
