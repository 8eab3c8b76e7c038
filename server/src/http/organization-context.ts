import { idPattern } from '../kernel/ids.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'

const organizationId = idPattern('org')

/**
 * The organization that `IB-Context` names. Proxies that set a header from an empty variable send it empty: that counts as
 * absent. Node joins repeated headers with commas; two names are refused. (E4)
 */
export function parseOrganizationContext(header: string | null | undefined): Result<string | undefined, 'bad_request'> {
  if (header === undefined || header === null) return ok(undefined)
  const named = header.replace(/^[\s,]+|[\s,]+$/g, '')
  if (named === '') return ok(undefined)
  return organizationId.test(named)
    ? ok(named)
    : refuse('bad_request', { detail: 'IB-Context names an organization by its id.' })
}
