import { ask, listOptions } from '../../api'
import { listAuditEvents } from '../../client/sdk.gen'
import type { ListAuditEventsData, ListAuditEventsResponse } from '../../client/types.gen'

export type AuditEvent = ListAuditEventsResponse['items'][number]
export type AuditFilter = Omit<NonNullable<ListAuditEventsData['query']>, 'limit' | 'cursor'>

export const auditQuery = (org: string, filter: AuditFilter) =>
  listOptions(['organization', org, 'audit', filter], (paging) =>
    ask(listAuditEvents({ path: { org }, query: { ...filter, ...paging } })),
  )

/** A download is a plain address: the browser saves what the server streams. */
export function exportAddress(org: string, format: 'csv' | 'ndjson', filter: AuditFilter): string {
  const query = new URLSearchParams({ format, ...(filter as Record<string, string>) })
  return `/api/v1/organizations/${org}/audit-events/export?${query}`
}
