/** O9: what an account may do; live, so a change counts on the next request. */
export type Role = 'admin' | 'member'

export interface Organization {
  id: string
  name: string
  slug: string
  createdAt: Date
  /** Each role's UUID in this organization, shown to admins and used in scopes (E5). */
  roleIds: Record<Role, string>
}

const slugLength = 40

/** A slug for a name: lower-case ASCII letters, digits and hyphens; `organization` when nothing of the name is left. */
export function slugOf(name: string): string {
  const ascii = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = ascii
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, slugLength)
    .replace(/^-+|-+$/g, '')
  return slug || 'organization'
}

/** Which slug to try when others are taken: the plain one first, then with a number. */
export const slugAttempt = (slug: string, attempt: number): string => (attempt === 0 ? slug : `${slug}-${attempt + 1}`)

/** An organization as an account with this role sees it; the roles' UUIDs are shown to admins. */
export const organizationFor = (role: Role, { roleIds, ...it }: Organization) => ({
  ...it,
  roles:
    role === 'admin'
      ? [
          { id: roleIds.admin, name: 'admin' as const },
          { id: roleIds.member, name: 'member' as const },
        ]
      : [],
})

export type OrganizationView = ReturnType<typeof organizationFor>

/** A role's UUID (version 4, RFC 9562 §5.4) from 16 random bytes. */
export function roleIdOf(random: Uint8Array): string {
  const bytes = Buffer.from(random.subarray(0, 16))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
