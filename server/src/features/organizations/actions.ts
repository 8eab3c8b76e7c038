import type { OperatorAuthority, SetupAuthority } from '../../db/authority.ts'
import type { By, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import { insertPerson, type Person } from '../../db/people.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { invalid, ok, type Result, refuse } from '../../kernel/result.ts'
import { type NewPerson, preparePerson } from '../accounts/actions.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
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
  /** Who becomes the first admin: somebody new, or a person who signs in already. */
  admin: NewPerson | Person
  /** Asked inside the change; false refuses it. */
  onlyIf?: (tx: Writer) => Promise<boolean>
}

export interface Founded {
  organization: Organization
  accountId: string
  userId: string
}

/**
 * A new organization with its first admin and the default setting (O2, P1). Used by the set-up link, by a first start
 * from the environment and by the operator's command; `origin` says which of them.
 */
export async function createOrganization(
  deps: Deps,
  { name, admin, onlyIf }: Founding,
  origin: Omit<By<SetupAuthority | OperatorAuthority>, 'organizationId' | 'at'>,
): Promise<Result<Founded, 'invalid_request' | 'not_found'>> {
  const found = 'password' in admin ? await preparePerson(deps, admin) : ok({ person: admin, credential: undefined })
  if (!found.ok) return found
  const { person, credential } = found.value
  const at = deps.now()
  const organizationId = deps.newId('org')
  const accountId = deps.newId('mem')
  return deps.change({ ...origin, organizationId, at }, async (tx) => {
    if (onlyIf && !(await onlyIf(tx))) return refuse('not_found')
    if (credential && !(await insertPerson(tx, { ...person, ...credential, at }))) {
      return invalid('email', 'Somebody with this address exists already.')
    }
    const roleIds = { admin: roleIdOf(deps.randomBytes(16)), member: roleIdOf(deps.randomBytes(16)) }
    const wanted = { id: organizationId, name, slug: slugOf(name), createdAt: at, roleIds }
    const organization = await insertOrganization(tx, wanted)
    await insertSettings(tx, organizationId, defaultTokenCreation, at)
    const { name: adminName, email } = person
    await insertFounder(tx, { id: accountId, organizationId, userId: person.id, name: adminName, email, at })
    return {
      ok: true,
      value: { organization, accountId, userId: person.id },
      events: [
        {
          action: 'organization.created',
          target: { kind: 'organization', id: organizationId, name },
          after: { name, slug: organization.slug },
        },
        {
          action: 'member.joined',
          target: { kind: 'member', id: accountId, name: adminName },
          after: { email, role: 'admin', status: 'joined' },
        },
      ],
      forget: [],
    }
  })
}
