import type { OperatorAuthority } from '../../db/authority.ts'
import type { Deps } from '../../db/deps.ts'
import { isFirstStart, useSetup } from '../../db/setups.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { canonicalizeEmail } from '../../kernel/emails.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { linkHash, newLinkSecret } from '../../kernel/secrets.ts'
import { createOrganization, type Founded } from '../organizations/actions.ts'
import { type OrganizationView, organizationFor } from '../organizations/rules.ts'
import { setupLifetimeMs } from './rules.ts'

/** A link that founds the first organization, for whoever reads this start's output; undefined when one exists. */
export async function issueSetupLink(deps: Deps): Promise<string | undefined> {
  if ((await deps.lookups.organizationCount()) > 0) return undefined
  const secret = newLinkSecret(deps.randomBytes)
  const at = deps.now()
  await deps.setups.issue({ hash: linkHash(secret), at, expiresAt: new Date(at.getTime() + setupLifetimeMs) })
  return `${deps.instance.publicUrl}/setup/${secret}`
}

/** Unknown, expired, used, or no longer needed: one answer for all of them. */
export async function getSetup(deps: Deps, secret: string): Promise<Result<{ expiresAt: Date }, 'not_found'>> {
  const expiresAt = await deps.setups.expiryOf(linkHash(secret))
  if (expiresAt === undefined || expiresAt <= deps.now()) return refuse('not_found')
  return (await deps.lookups.organizationCount()) === 0 ? ok({ expiresAt }) : refuse('not_found')
}

export interface FirstOrganization {
  email: string
  name: string
  password: string
  organization: string
}

/** Founds the first organization by the one-time link, and signs its admin in. The link opens nothing any more. */
export async function completeSetup(
  deps: Deps,
  { secret, ...wanted }: FirstOrganization & { secret: string },
  request: { facts: RequestFacts; headers: Headers },
): Promise<Result<{ organization: OrganizationView; cookies: string[] }, 'invalid_request' | 'not_found'>> {
  const open = await getSetup(deps, secret)
  if (!open.ok) return open
  const { organization: name, ...admin } = wanted
  const founded = await createOrganization(
    deps,
    { name, admin, onlyIf: async (tx) => (await isFirstStart(tx)) && useSetup(tx, linkHash(secret), deps.now()) },
    {
      actor: { kind: 'operator', id: null, name: 'Set-up link' },
      authority: { kind: 'setup', hash: linkHash(secret) },
      ...request.facts,
    },
  )
  if (!founded.ok) return founded
  const { organization, userId } = founded.value
  const cookies = await deps.sessions.start(userId, request.headers)
  return ok({ organization: organizationFor('admin', organization), cookies })
}

/** Founds the first organization from the configuration; `not_found` when there is one already, also by another process. */
export function foundFromConfiguration(
  deps: Deps,
  { organization: name, ...admin }: FirstOrganization,
  authority: OperatorAuthority,
): Promise<Result<Founded, 'invalid_request' | 'not_found'>> {
  const actor = { kind: 'operator', id: null, name: 'Configuration' } as const
  const origin = { actor, authority, ip: null, userAgent: null, requestId: null }
  const founder = { ...admin, email: canonicalizeEmail(admin.email) }
  return createOrganization(deps, { name, admin: founder, onlyIf: isFirstStart }, origin)
}
