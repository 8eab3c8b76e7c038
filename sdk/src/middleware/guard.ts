import type { Active, Verification } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { missing, type Refusal, refusalOf, roleMissing, unreadable } from './refusal.ts'

export interface GuardOptions<Request> {
  /** Only admins of their organization pass. */
  role?: 'admin' | undefined
  /** The organization that a request names, as in its path; the header `IB-Context` may name it as well. */
  organization?: ((request: Request) => string | undefined) | undefined
}

/** What a request brought; headers that came twice are two. */
export interface Presented {
  readonly authorization: readonly string[]
  readonly context: readonly string[]
  /** What the host found in the request; only `undefined` means that it names no organization. */
  readonly organization: unknown
}

export type Guarded = { readonly verification: Active } | { readonly refusal: Refusal }

const organizationId = /^org_[0-7][0-9a-hjkmnp-tv-z]{25}$/
const bearer = /^bearer +(.*)$/is
/** Where a framework joins headers, two credentials are one text; no token holds a comma. */
const joined = /(^|,)\s*bearer\s.*,|,\s*bearer\s/is

const optionNames = ['role', 'organization']

function hostNeeds(options: GuardOptions<never>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('The options are not an object')
  // A misspelt `role` would let everybody pass.
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) throw new TypeError(`There is no option ${unknown}`)
  if (options.organization !== undefined && typeof options.organization !== 'function')
    throw new TypeError('organization is not a function')
  // A role that nobody holds is a slip: better told at the start than shut for ever.
  if (options.role !== undefined && options.role !== 'admin') throw new TypeError('role is admin, or left out')
}

type Read = { readonly token: string; readonly organization: string | undefined } | { readonly refusal: Refusal }

/** E4: path and header may both name the organization, if they agree. */
function readContext({ context, organization }: Presented): { named: string | undefined } | { refusal: Refusal } {
  // A proxy that sets the header from an empty variable sends it empty; that counts as absent.
  const [header, another] = context
    .map((value) => value.replace(/^[\s,]+|[\s,]+$/g, ''))
    .filter((value) => value !== '')
  if (another !== undefined || (header !== undefined && !organizationId.test(header)))
    return { refusal: unreadable('IB-Context is not the id of an organization.') }
  if (organization !== undefined && (typeof organization !== 'string' || organization === ''))
    return { refusal: unreadable('The request names no valid organization.') }
  if (header !== undefined && organization !== undefined && header !== organization)
    return { refusal: unreadable('IB-Context and the request name two organizations.') }
  return { named: organization ?? header }
}

function read(presented: Presented): Read {
  const [first, second] = presented.authorization
  if (second !== undefined || (first !== undefined && joined.test(first)))
    return { refusal: unreadable('Send one Authorization header.') }
  const context = readContext(presented)
  if ('refusal' in context) return context
  const token = bearer.exec(first ?? '')?.[1]
  return token === undefined ? { refusal: missing } : { token: token.trim(), organization: context.named }
}

function judge(verification: Verification, role: 'admin' | undefined): Guarded {
  if (!verification.active) return { refusal: refusalOf(verification) }
  return role === 'admin' && verification.account.role !== 'admin' ? { refusal: roleMissing } : { verification }
}

/** Who may pass; at once when memory knows. The one guard behind every middleware. */
export function buildGuard(verifier: Verifier, options: GuardOptions<never>) {
  hostNeeds(options)
  const { role } = options
  return (presented: Presented): Guarded | Promise<Guarded> => {
    const asked = read(presented)
    if ('refusal' in asked) return asked
    const verification = verifier.verify(asked.token, { organization: asked.organization })
    return verification instanceof Promise ? verification.then((it) => judge(it, role)) : judge(verification, role)
  }
}
