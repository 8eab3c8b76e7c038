import { randomBytes } from 'node:crypto'
import { newSecret } from '../../server/src/features/tokens/rules.ts'

export const organizationA = 'org_01jd7z0000e1a8m3r5t7v9x1z3'
export const organizationB = 'org_01jd7z0000e1a8m3r5t7v9x1z4'
export const accountA = 'mem_01jd7z0000e1a8m3r5t7v9x1z3'
export const tokenA = 'tok_01jd7z0000e1a8m3r5t7v9x1z3'

/** A secret in the form of T9, as the server makes it. */
export const managedSecret = () => newSecret('member', (size) => randomBytes(size))

export const externalSecret = () =>
  ['{"alg":"RS256"}', '{"sub":"x"}', randomBytes(32)].map((it) => Buffer.from(it).toString('base64url')).join('.')

/** An introspection answer about a good managed token. */
export const activeAnswer = (over: Record<string, unknown> = {}) => ({
  active: true,
  organization_id: organizationA,
  account_id: accountA,
  account_kind: 'member',
  username: 'ada@example.com',
  sub: accountA,
  role: 'admin',
  groups: [{ id: 'grp_01jd7z0000e1a8m3r5t7v9x1z3', name: 'ops' }],
  token_type: 'Bearer',
  token_source: 'managed',
  token_id: tokenA,
  iat: 1_767_323_045,
  ...over,
})

export const externalAnswer = (over: Record<string, unknown> = {}) => {
  const { token_id: _, ...answer } = activeAnswer()
  return {
    ...answer,
    token_source: 'external',
    sub: 'subject-1',
    iss: 'https://idp.example',
    provider_id: 'idp_01jd7z0000e1a8m3r5t7v9x1z3',
    ...over,
  }
}

/** An introspection answer about a managed token that is not good, and whose it is. */
export const inactiveAnswer = (reason: string) => ({
  active: false,
  reason,
  organization_id: organizationA,
  account_id: accountA,
  account_kind: 'member',
  username: 'ada@example.com',
  token_id: tokenA,
})
