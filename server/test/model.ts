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

export interface Model {
  today: number
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

/** A credential: the session of a member, or one of an account's tokens. */
export interface ModelCredential {
  account: number
  token: number | undefined
}

/** T2, P2, P4, T3: the code that creating or refreshing for `owner` is refused with; undefined: it works. */
export function makingRefused(
  model: Model,
  by: ModelCredential,
  owner: number,
  expiresOn: number | null,
): string | undefined {
  const maker = model.accounts[by.account]!
  const made = model.accounts[owner]!
  const own = by.account === owner
  if (!own && (maker.role !== 'admin' || made.kind !== 'service_account')) return 'forbidden'
  const closed = noCreation(model.setting, made)
  if (closed !== undefined) return closed
  if (expiresOn !== null && expiresOn <= model.today) return 'invalid_request'
  const limit = by.token === undefined ? null : model.tokens[by.token]!.expiresOn
  return limit !== null && (expiresOn === null || expiresOn > limit) ? 'invalid_request' : undefined
}
