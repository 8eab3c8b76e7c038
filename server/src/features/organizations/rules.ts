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
