import type { FoundExternal, FoundToken } from '../../db/lookups.ts'
import type { GroupRole } from '../groups/rules.ts'
import type { Role } from '../organizations/rules.ts'

/** A provider that may fit a token, with its stored key set. */
export type FoundProviderWithKeys = FoundExternal & { key_set: { keys: unknown[] } | null }

export interface FoundSession {
  userId: string
  expiresAt: Date
  name: string
  email: string
}

/** What `begin_change` read under the lock, each part only where it was asked for. */
export interface FoundRights {
  session: FoundSession | undefined
  account: { userId: string | null; role: Role } | undefined
  groupRole: GroupRole | undefined
  token: FoundToken | undefined
  external: FoundProviderWithKeys[]
  invitation: { expiresAt: Date; email: string } | undefined
  setup: { expiresAt: Date } | undefined
}

/** Timestamps are text in JSON. */
type Written<T> = { [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K] }

interface WrittenRights {
  session: Written<FoundSession> | null
  account: { userId: string | null; role: Role } | null
  groupRole: GroupRole | null
  token: Written<FoundToken> | null
  external: Written<FoundProviderWithKeys>[] | null
  invitation: { expiresAt: string; email: string } | null
  setup: { expiresAt: string } | null
}

const dateOrNull = (text: string | null) => (text === null ? null : new Date(text))
const withExpiry = <T extends { expiresAt: string }>(row: T | null) =>
  row ? { ...row, expiresAt: new Date(row.expiresAt) } : undefined

export function toFoundRights(answer: unknown): FoundRights {
  const { session, account, groupRole, token, external, invitation, setup } = answer as WrittenRights
  return {
    session: withExpiry(session),
    account: account ?? undefined,
    groupRole: groupRole ?? undefined,
    token: token
      ? { ...token, issued_at: new Date(token.issued_at), expires_at: dateOrNull(token.expires_at) }
      : undefined,
    external: (external ?? []).map((row) => ({ ...row, keys_fetched_at: dateOrNull(row.keys_fetched_at) })),
    invitation: withExpiry(invitation),
    setup: withExpiry(setup),
  }
}
