import type { Forget } from './change.ts'

export type Invalidation = readonly Forget[] | 'everything'

/** Tells long-running work of this process that what it was allowed on may have changed, also by another process (P11). */
export interface Invalidations {
  notify: (invalidation: Invalidation) => void
  /** Returns what ends the subscription. */
  subscribe: (listener: (invalidation: Invalidation) => void) => () => void
}

export function createInvalidations(): Invalidations {
  const listeners = new Set<(invalidation: Invalidation) => void>()
  return {
    notify: (invalidation) => {
      for (const listener of listeners) listener(invalidation)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** What is kept by provider, as a cache that understands invalidations. */
export const providerCache = (cache: { forget: (providerId?: string) => void }) => ({
  forget: (invalidation: Invalidation): void => {
    if (invalidation === 'everything') cache.forget()
    else for (const { kind, id } of invalidation) if (kind === 'provider') cache.forget(id)
  },
})

/** May the rights of this account, or what its credential rests on, have changed? */
export const concernsAccount = (
  invalidation: Invalidation,
  { accountId, organizationId }: { accountId: string; organizationId: string },
): boolean =>
  invalidation === 'everything' ||
  invalidation.some(({ kind, id }) => {
    if (kind === 'account') return id === accountId
    // A token, a provider and an issuer are named by what the account does not know of itself.
    return kind === 'organization' ? id === organizationId : true
  })
