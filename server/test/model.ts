/** A tiny model of the token rules, written from their text and from nothing of ours. Times in days, to be read at a glance. */

export interface ModelAccount {
  kind: 'member' | 'service_account'
  role: 'admin' | 'member'
  groups: Set<number>
  removed: boolean
}

export interface ModelToken {
  owner: number
  expiresOn: number | null
  deleted: boolean
}

export interface ModelSecret {
  token: number
  replaced: boolean
}

export interface ModelSetting {
  creation: 'all' | 'groups' | 'none'
  groups: number[]
  suspendOutside: boolean
}

/** A token of the organization's own provider: for the subject of an account, by one of the provider's two keys. */
export interface ModelExternal {
  subject: number
  key: number
  expiresOn: number
  /** The role that its scope names; undefined: none. */
  scope: 'admin' | 'member' | undefined
}

export interface ModelProvider {
  enabled: boolean
  requiresScope: boolean
  /** Which of its keys it publishes. */
  keys: Set<number>
  /** The accounts that are mapped, each to the subject of its number. */
  mapped: Set<number>
}

export interface Model {
  today: number
  provider: ModelProvider
  externals: ModelExternal[]
  setting: ModelSetting
  accounts: ModelAccount[]
  tokens: ModelToken[]
  secrets: ModelSecret[]
}

const selected = (setting: ModelSetting, account: ModelAccount) => setting.groups.some((it) => account.groups.has(it))

/** P2, P5. */
export const cutOff = (setting: ModelSetting, account: ModelAccount): boolean =>
  setting.creation === 'none' ||
  (setting.creation === 'groups' && setting.suspendOutside && !selected(setting, account))

/** P2, P4: why this account gets no new token. */
export function noCreation(setting: ModelSetting, account: ModelAccount): string | undefined {
  if (setting.creation === 'none') return 'token_creation_disabled'
  return setting.creation === 'groups' && !selected(setting, account) ? 'token_creation_restricted' : undefined
}

const ended = (model: Model, token: ModelToken) => token.expiresOn !== null && token.expiresOn <= model.today

/** N2: what a resource server hears about a secret; undefined: it is good. */
export function reasonFor(model: Model, secret: ModelSecret): string | undefined {
  const token = model.tokens[secret.token]!
  const owner = model.accounts[token.owner]!
  if (owner.removed) return 'owner_removed'
  if (token.deleted || secret.replaced) return 'revoked'
  if (ended(model, token)) return 'expired'
  return cutOff(model.setting, owner) ? 'suspended' : undefined
}

/** T6: the state that a list shows; undefined when it shows none. */
export function stateOf(model: Model, token: ModelToken): string | undefined {
  const owner = model.accounts[token.owner]!
  if (token.deleted || owner.removed) return undefined
  if (ended(model, token)) return 'expired'
  return cutOff(model.setting, owner) ? 'suspended' : 'active'
}

/** E5: the role that an external token acts with; undefined: its scope is not enough. */
export function actingRole(model: Model, token: ModelExternal): 'admin' | 'member' | undefined {
  const { role } = model.accounts[token.subject]!
  if (token.scope === undefined) return model.provider.requiresScope ? undefined : role
  return token.scope === 'admin' && role === 'member' ? undefined : token.scope
}

/** N2: what a resource server hears about an external token; undefined: it is good. P7: the setting has no part in it. */
export function externalReasonFor(model: Model, token: ModelExternal): string | undefined {
  if (!model.provider.enabled) return 'provider_disabled'
  if (!model.provider.keys.has(token.key)) return 'invalid_signature'
  if (token.expiresOn <= model.today) return 'expired'
  if (!model.provider.mapped.has(token.subject)) return 'unmapped_subject'
  return actingRole(model, token) === undefined ? 'insufficient_scope' : undefined
}

/** A credential: the session of a member, one of an account's tokens, or one of its provider's. */
export interface ModelCredential {
  account: number
  token: number | undefined
  /** What it creates expires no later; null: a session, or a token without an end (T2). */
  expiresOn: number | null
  /** What it acts with, which a scope can narrow. */
  role: 'admin' | 'member'
}

/** T2, P2, P4, T3: the code that creating or refreshing for `owner` is refused with; undefined: it works. */
export function makingRefused(
  model: Model,
  by: ModelCredential,
  owner: number,
  expiresOn: number | null,
): string | undefined {
  const made = model.accounts[owner]!
  const own = by.account === owner
  if (by.account >= 0 && by.role !== model.accounts[by.account]!.role) return 'forbidden'
  if (!own && (by.role !== 'admin' || made.kind !== 'service_account')) return 'forbidden'
  const closed = noCreation(model.setting, made)
  if (closed !== undefined) return closed
  if (expiresOn !== null && expiresOn <= model.today) return 'invalid_request'
  const limit = by.expiresOn
  return limit !== null && (expiresOn === null || expiresOn > limit) ? 'invalid_request' : undefined
}
