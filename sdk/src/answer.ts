import { type Account, type Group, refusalFor, type Verification, type Whose } from './verification.ts'

/* Reads the answer of introspection strictly: what is not understood is no answer, and never a yes. */

type Fields = Readonly<Record<string, unknown>>

const mostGroups = 1000
const reasonForm = /^[a-z][a-z_]{0,63}$/

const isText = (value: unknown): value is string => typeof value === 'string'
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isKind = (value: unknown): value is Account['kind'] => value === 'member' || value === 'service_account'

class Unreadable extends Error {}

function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  if (!isText(value) || value === '') throw new Unreadable(`${name} is not a text`)
  return value
}

function optionalTextOf(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : textOf(fields, name)
}

function expiryOf({ exp }: Fields): number | undefined {
  if (exp === undefined) return undefined
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new Unreadable('exp is not a number')
  return exp * 1000
}

function kindOf({ account_kind }: Fields): Account['kind'] {
  if (!isKind(account_kind)) throw new Unreadable('account_kind is neither member nor service_account')
  return account_kind
}

function groupOf(value: unknown): Group {
  if (!isObject(value) || !isText(value.id) || !isText(value.name)) throw new Unreadable('a group has no id or name')
  return Object.freeze({ id: value.id, name: value.name })
}

function accountOf(fields: Fields): Account {
  const { role, groups } = fields
  if (role !== 'admin' && role !== 'member') throw new Unreadable('role is neither admin nor member')
  if (!Array.isArray(groups) || groups.length > mostGroups) throw new Unreadable('groups is not a list')
  return Object.freeze({
    id: textOf(fields, 'account_id'),
    kind: kindOf(fields),
    username: textOf(fields, 'username'),
    role,
    groups: Object.freeze(groups.map(groupOf)),
  })
}

/** A copy without what is undefined, frozen. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.freeze(Object.fromEntries(entries)) as T
}

function activeOf(fields: Fields, source: 'managed' | 'external'): Verification {
  if (fields.token_source !== source) throw new Unreadable('token_source is not that of the token')
  const account = accountOf(fields)
  const scope = fields.scope === '' ? undefined : optionalTextOf(fields, 'scope')
  const expiresAtMs = expiryOf(fields)
  const token =
    source === 'managed'
      ? { source, id: textOf(fields, 'token_id'), subject: account.id }
      : {
          source,
          providerId: textOf(fields, 'provider_id'),
          issuer: textOf(fields, 'iss'),
          subject: textOf(fields, 'sub'),
          ...(scope !== undefined && { scope }),
        }
  return Object.freeze({
    active: true,
    organizationId: textOf(fields, 'organization_id'),
    account,
    token: Object.freeze(expiresAtMs === undefined ? token : { ...token, expiresAtMs }),
  })
}

function whoseOf(fields: Fields): Whose {
  const id = optionalTextOf(fields, 'account_id')
  return present<Whose>({
    organizationId: textOf(fields, 'organization_id'),
    account:
      id === undefined ? undefined : Object.freeze({ id, kind: kindOf(fields), username: textOf(fields, 'username') }),
    tokenId: optionalTextOf(fields, 'token_id'),
    providerId: optionalTextOf(fields, 'provider_id'),
    issuer: optionalTextOf(fields, 'iss'),
    subject: optionalTextOf(fields, 'sub'),
    expiresAtMs: expiryOf(fields),
  })
}

function inactiveOf(fields: Fields): Verification {
  const reason = textOf(fields, 'reason')
  if (!reasonForm.test(reason)) throw new Unreadable('reason is no code')
  if (fields.organization_id === undefined) return refusalFor(reason)
  return Object.freeze({ active: false, reason, whose: whoseOf(fields) })
}

/** An introspection answer (RFC 7662 §2.2) about a token of this source; undefined when it is none. */
export function readAnswer(text: string, source: 'managed' | 'external'): Verification | undefined {
  try {
    const fields: unknown = JSON.parse(text)
    if (!isObject(fields)) return undefined
    if (fields.active === true) return activeOf(fields, source)
    return fields.active === false ? inactiveOf(fields) : undefined
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined
    throw error
  }
}
