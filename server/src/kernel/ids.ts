/**
 * The prefixes of our ids (TypeID: a prefix and a UUIDv7 in Crockford base32). The last row stays inside: people,
 * their sessions, credentials, second factors, pending verifications, counted attempts, feedback and mails.
 */
export type IdPrefix =
  | ('org' | 'mem' | 'svc' | 'grp' | 'tok' | 'idp' | 'map' | 'inv' | 'evt')
  | ('usr' | 'ses' | 'crd' | 'fac' | 'ver' | 'lim' | 'fbk' | 'eml')

const suffix = '[0-7][0-9a-hjkmnp-tv-z]{25}'

/** The pattern of an id with one of these prefixes, for schemas (TypeID 0.3). */
export const idPattern = (...prefixes: IdPrefix[]) => new RegExp(`^(?:${prefixes.join('|')})_${suffix}$`)

const anyId = new RegExp(`^(org|mem|svc|grp|tok|idp|map|inv|evt)_${suffix}$`)

/** The prefix of a well-formed id, or undefined: an id that can't exist needs no look-up. */
export const prefixOf = (id: string): IdPrefix | undefined => anyId.exec(id)?.[1] as IdPrefix | undefined
