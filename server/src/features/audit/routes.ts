import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { exportEvents, findEvents } from './actions.ts'
import { AuditEvent, AuditPage, AuditQuery, ExportQuery, exportWriters } from './shapes.ts'

const path = '/api/v1/organizations/{org}/audit-events'
const parameters = { org: ['org'] } as const

export const auditRoutes = [
  route({
    id: 'listAuditEvents',
    method: 'get',
    path,
    summary: 'What was changed, by whom, newest first',
    who: 'admin',
    parameters,
    query: AuditQuery,
    status: 200,
    reply: AuditPage,
    problems: ['invalid_request'],
    run: async ({ deps, caller, query: { limit, cursor, ...filter } }) => {
      const before = cursor === undefined ? undefined : Number(keyOf(cursor))
      return ok(toPage(await findEvents(deps, caller, filter, { before, limit }), limit, (it) => String(it.sequence)))
    },
  }),
  route({
    id: 'exportAuditEvents',
    method: 'get',
    path: `${path}/export`,
    summary: 'The same events as a file, CSV or one JSON object a line',
    who: 'admin',
    parameters,
    query: ExportQuery,
    status: 200,
    reply: z.string(),
    files: ['text/csv', 'application/x-ndjson'],
    problems: ['invalid_request'],
    run: async ({ deps, caller, query: { format, ...filter } }) => {
      const { contentType, head, line } = exportWriters[format]
      const body = await exportEvents(deps, caller, filter, { head, line: (it) => line(AuditEvent.parse(it)) })
      return { ...ok(''), extras: { stream: { contentType, fileName: `audit-events.${format}`, body } } }
    },
  }),
]
