import { paths } from '../../paths'
import type { AuditEvent } from './queries'

/** An account that an event tells of, for instance the one that was mapped. */
function accountIn(value: unknown): string | undefined {
  const { account } = (value ?? {}) as { account?: { id?: unknown } }
  return typeof account?.id === 'string' ? account.id : undefined
}

/** The page of what an event is about, if it has one and is still there. */
export function pageOf(slug: string, { action, target, before, after }: AuditEvent) {
  if (/\.(deleted|removed|withdrawn|revoked)$/.test(action) && target.kind !== 'account_mapping') return undefined
  const id = target.kind === 'account_mapping' ? (accountIn(after) ?? accountIn(before)) : target.id
  switch (id?.split('_')[0]) {
    case 'mem':
      return paths.member(slug, id!)
    case 'svc':
      return paths.serviceAccount(slug, id!)
    case 'grp':
      return paths.group(slug, id!)
    case 'idp':
      return paths.oauthProvider(slug, id!)
    default:
      return undefined
  }
}
