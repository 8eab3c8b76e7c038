import type { OperatorAuthority, SetupAuthority } from '../../db/authority.ts'
import type { By, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import { insertPerson } from '../../db/people.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { invalid, type Result, refuse } from '../../kernel/result.ts'
import { type NewPerson, preparePerson } from '../accounts/actions.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
import type { AuditEntry } from '../audit/rules.ts'
import { defaultTokenCreation } from '../settings/rules.ts'
import { type Organization, type OrganizationView, organizationFor, roleIdOf, slugOf } from './rules.ts'
import {
  findOrganization,
  insertFounder,
  insertOrganization,
  insertSettings,
  renameOrganization as renameOrganizationRow,
} from './store.ts'

/** The organization as it is in this transaction, which only ever happens inside one. */
export async function readOrganization(db: Reader, id: string): Promise<Organization> {
  const found = await findOrganization(db, id)
  if (!found) throw new Error('The organization of this transaction is not there.')
  return found
}

export const organizationExists = async (db: Reader, id: string): Promise<boolean> =>
  (await findOrganization(db, id)) !== undefined

export const getOrganization = (deps: Deps, caller: Caller): Promise<OrganizationView> =>
  deps.read(caller.organizationId, async (db) =>
    organizationFor(caller.role, await readOrganization(db, caller.organizationId)),
  )

/** Another name; the slug stays, since links are made of it. */
export function renameOrganization(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  name: string,
): Promise<Result<OrganizationView, Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await readOrganization(tx, caller.organizationId)
    const value = organizationFor(caller.role, { ...now, name })
    if (now.name === name) return { ok: true, value, unchanged: true }
    await renameOrganizationRow(tx, now.id, name)
    const event = {
      action: 'organization.renamed' as const,
      target: { kind: 'organization' as const, id: now.id, name },
      before: { name: now.name },
      after: { name },
    }
    return { ok: true, value, events: [event], forget: [] }
  })
}

export async function getInstance(deps: Deps) {
  return {
    productName: deps.instance.productName,
    mailConfigured: deps.outbox.configured,
    setUpNeeded: (await deps.lookups.organizationCount()) === 0,
  }
}

export interface Founding {
  name: string
  /** Who becomes the first admin. A person who exists is only ever invited. (O14) */
  admin: NewPerson
  /** Asked inside the change; false refuses it. */
  onlyIf?: (tx: Writer) => Promise<boolean>
}

export interface Founded {
  organization: Organization
  accountId: string
  userId: string
}

/** Writes an organization with the default setting (P1), within the change that founds it. */
export async function writeOrganization(
  tx: Writer,
  deps: Pick<Deps, 'randomBytes'>,
  { id, name, at }: { id: string; name: string; at: Date },
): Promise<{ organization: Organization; event: AuditEntry }> {
  const roleIds = { admin: roleIdOf(deps.randomBytes(16)), member: roleIdOf(deps.randomBytes(16)) }
  const organization = await insertOrganization(tx, { id, name, slug: slugOf(name), createdAt: at, roleIds })
  await insertSettings(tx, id, defaultTokenCreation, at)
  const event = {
    action: 'organization.created' as const,
    target: { kind: 'organization' as const, id, name },
    after: { name, slug: organization.slug },
  }
  return { organization, event }
}

/**
 * A new organization with its first admin, who is new, too (O2). Used by the set-up link, by a first start from the
 * environment and by the operator's command; `origin` says which of them. Nothing here proves the address (O11).
 */
export async function createOrganization(
  deps: Deps,
  { name, admin, onlyIf }: Founding,
  origin: Omit<By<SetupAuthority | OperatorAuthority>, 'organizationId' | 'at'>,
): Promise<Result<Founded, 'invalid_request' | 'not_found'>> {
  const prepared = await preparePerson(deps, admin)
  if (!prepared.ok) return prepared
  const { person, credential } = prepared.value
  const at = deps.now()
  const organizationId = deps.newId('org')
  const accountId = deps.newId('mem')
  return deps.change({ ...origin, organizationId, at }, async (tx) => {
    if (onlyIf && !(await onlyIf(tx))) return refuse('not_found')
    if (!(await insertPerson(tx, { ...person, ...credential, at, emailProvenAt: null }))) {
      return invalid('email', 'Somebody with this address exists already.')
    }
    const { organization, event } = await writeOrganization(tx, deps, { id: organizationId, name, at })
    const { name: adminName, email } = person
    await insertFounder(tx, { id: accountId, organizationId, userId: person.id, name: adminName, email, at })
    const joined = {
      action: 'member.joined' as const,
      target: { kind: 'member' as const, id: accountId, name: adminName },
      after: { email, role: 'admin', status: 'joined' },
    }
    const value = { organization, accountId, userId: person.id }
    return { ok: true, value, events: [event, joined], forget: [] }
  })
}
