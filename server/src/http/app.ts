import type { Context, Hono } from 'hono'
import type { Deps } from '../db/deps.ts'
import { concernsAccount, type Invalidations } from '../db/invalidations.ts'
import type { Principal } from '../features/access/rules.ts'
import type { Caller, Requirement } from '../features/accounts/rules.ts'
import { authorize } from '../features/authorization/rules.ts'
import type { RequestFacts, Work } from '../kernel/deps.ts'
import { withoutCodingSuffixes } from '../kernel/etags.ts'
import { idPattern } from '../kernel/ids.ts'
import type { ReachedLimit } from '../kernel/limits.ts'
import type { ProblemCode } from '../kernel/problems.ts'
import { ok, type RefusalFacts, type Result, refuse } from '../kernel/result.ts'
import { type Admitted, sourceOf, whoOf } from './admitted.ts'
import { onceTaken } from './answering.ts'
import { parse, readJson } from './body.ts'
import type { ChangeRations } from './change-rations.ts'
import { clientOf } from './client-address.ts'
import type { Crowd } from './crowd.ts'
import { guardStream, type StreamGuard } from './guarded-stream.ts'
import { problemReply } from './reply.ts'
import type { AnyRoute, Extras, PathParameters } from './route.ts'

export interface Env {
  Variables: { facts: RequestFacts }
}

export type PrincipalRefusal =
  | ('bad_request' | 'unauthenticated' | 'unavailable')
  | ('forbidden' | 'insufficient_scope')

/** How the kit learns who asks; it never looks at a credential itself. */
export interface Doorkeeper {
  /** The principal of a request; undefined without any credential. `organizationId` is the one that the path names (E4). */
  principalOf: (
    request: Request,
    organizationId: string | undefined,
  ) => Promise<Result<Principal | undefined, PrincipalRefusal>>
  /** That principal's account in this organization; undefined where it has none (O1). Its changes are held to `requires`. */
  callerIn: (principal: Principal, organizationId: string, requires: Requirement) => Promise<Caller | undefined>
  /** The account's role in a group, for group managers (O6). */
  roleInGroup: (caller: Caller, groupId: string) => Promise<'member' | 'manager' | undefined>
  /** The challenge of a 401, and of a 403 for want of scope (RFC 6750 §3, RFC 9728 §5.1). */
  challenge: (error?: { code: string; description: string }) => string
}

type Refusal = { ok: false; code: ProblemCode } & RefusalFacts

/** What the route demands, which travels with the caller to every change that it asks for (A4). */
function requirementOf(r: AnyRoute, c: Context): Requirement | undefined {
  if (r.who === 'group_manager') return { groupManager: c.req.param('id') ?? '' }
  return r.who === 'account' || r.who === 'admin' ? r.who : undefined
}

/** 401, organization (404), role (403), in that order. */
async function admit(
  r: AnyRoute,
  c: Context,
  keeper: Doorkeeper,
): Promise<Result<Principal | Caller | undefined, ProblemCode>> {
  const principal = await keeper.principalOf(c.req.raw, c.req.param('org'))
  if (r.who === 'anyone') return principal.ok ? principal : ok(undefined)
  if (!principal.ok) return principal
  if (principal.value === undefined) return refuse('unauthenticated')
  const requires = requirementOf(r, c)
  if (!requires) return ok(principal.value)
  const organizationId = c.req.param('org') ?? ''
  const caller = idPattern('org').test(organizationId)
    ? await keeper.callerIn(principal.value, organizationId, requires)
    : undefined
  if (!caller) return refuse('not_found')
  const groupId = typeof requires === 'object' && caller.role !== 'admin' ? requires.groupManager : undefined
  const allowed = authorize(caller, groupId === undefined ? undefined : await keeper.roleInGroup(caller, groupId))
  return allowed.ok ? ok(caller) : allowed
}

/** A strong ETag's text, without what proxies add (`W/`, `-gzip`); `*` and lists count as missing. */
function versionOf(ifMatch: string | undefined): string | undefined {
  const opaque = /^\s*(?:W\/)?"([\x21\x23-\x7e]{1,100})"\s*$/.exec(ifMatch ?? '')?.[1]
  return opaque === undefined ? undefined : withoutCodingSuffixes(opaque)
}

const texts = { secret: /^[A-Za-z0-9_-]{20,100}$/, key: /^[a-z][a-z0-9-]{0,63}$/ }

const wantsId = (ids: PathParameters[string], text: string) =>
  ids === 'secret' || ids === 'key' ? texts[ids].test(text) : idPattern(...ids).test(text)

/** A query as an object; a repeated name is an array, which no shape accepts. */
function queryOf(c: Context): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}

interface Read {
  body: unknown
  query: unknown
  ifMatch: string | undefined
}

/** 415, 413 and broken JSON (400), 428, 422, in that order. */
async function readRequest(r: AnyRoute, c: Context): Promise<Result<Read, ProblemCode>> {
  const raw = r.body ? await readJson(c.req.raw) : ok(undefined)
  if (!raw.ok) return raw
  const ifMatch = versionOf(c.req.header('if-match'))
  if (r.ifMatch && ifMatch === undefined) return refuse('precondition_required')
  const query = r.query ? parse(r.query, queryOf(c)) : ok({})
  if (!query.ok) return query
  const body = r.body ? parse(r.body, raw.value) : ok(undefined)
  if (!body.ok) return body
  return ok({ body: body.value, query: query.value, ifMatch })
}

/** What an account, or anybody at an address, does only so often. */
async function ration(
  { rationed }: AnyRoute,
  body: unknown,
  { deps, who, ip }: { deps: Deps; who: string; ip: string | null },
): Promise<Result<void, 'too_many_requests'>> {
  const amount = rationed?.amount?.(body) ?? 1
  if (!rationed || amount === 0) return ok(undefined)
  const byAccount = await deps.limiter.take(rationed.as, who, amount)
  return byAccount.ok ? deps.limiter.take(`${rationed.as}_from`, clientOf(ip), amount) : byAccount
}

const isChange = ({ method, changes }: AnyRoute) => method !== 'get' && changes !== false

/**
 * A member must not fill the disk that all organizations share. Deleting and saving the setting have a ration of their own
 * and count for no organization, so that no flood of changes keeps an admin from stopping it. (P11)
 */
function rationChange(r: AnyRoute, admitted: Admitted, rations: ChangeRations): Result<void, 'too_many_requests'> {
  const account = sourceOf(admitted)
  if (account === undefined || !isChange(r)) return ok(undefined)
  const stops = r.method === 'delete' || r.id === 'saveSettings'
  const organization = admitted && 'organizationId' in admitted ? admitted.organizationId : undefined
  const wait = rations.take(stops ? { account: `${account} stops` } : { account, organization })
  if (wait === undefined) return ok(undefined)
  return refuse('too_many_requests', { retryAfterSeconds: wait, detail: `Too many changes. Try again in ${wait} s.` })
}

const isThere = async (preview: string, caller: Caller | Principal | undefined, deps: Deps): Promise<boolean> =>
  caller !== undefined && 'organizationId' in caller && deps.previews.isOn(caller.organizationId, preview)

/** Judges the caller of a request again, as if the request came now. (A6) */
function streamGuardOf(r: AnyRoute, c: Context<Env>, { keeper, invalidations }: Kit, admitted: Admitted): StreamGuard {
  return {
    isAllowed: async () => (await admit(r, c, keeper)).ok,
    subscribe: (recheck) =>
      invalidations.subscribe((invalidation) => {
        const isConcerned =
          admitted === undefined || !('accountId' in admitted) || concernsAccount(invalidation, admitted)
        if (isConcerned) recheck()
      }),
  }
}

/** Admitted, and not one too many of the same account's at once: it must not keep its colleagues waiting. */
async function handle(r: AnyRoute, c: Context<Env>, kit: Kit) {
  const admitted = await admit(r, c, kit.keeper)
  if (!admitted.ok) return admitted
  const who = whoOf(admitted.value)
  const source = sourceOf(admitted.value)
  const leave = source === undefined ? () => undefined : kit.accounts.enter(source)
  if (!leave) {
    kit.limited('in_flight')
    return refuse('too_many_requests', { retryAfterSeconds: 1, detail: 'Too many of your requests at once.' })
  }
  try {
    const result = await run(r, c, {
      admitted: admitted.value,
      who: who ?? '',
      deps: { ...kit.deps, ...kit.turnsOf(source ?? '') },
      rations: kit.rations,
    })
    const stream = result.ok && 'extras' in result ? result.extras?.stream : undefined
    if (!stream) return result
    // It may have waited for long: whose right has ended is told so by a status, not by a file that breaks off.
    const again = await admit(r, c, kit.keeper)
    if (!again.ok) {
      await stream.body.cancel()
      return again
    }
    stream.body = guardStream(stream.body, streamGuardOf(r, c, kit, admitted.value))
    return result
  } finally {
    onceTaken(c.req.raw, leave)
  }
}

async function run(
  r: AnyRoute,
  c: Context<Env>,
  { admitted, who, deps, rations }: { admitted: Admitted; who: string; deps: Deps; rations: ChangeRations },
) {
  // F5: what is off is absent, so nothing of the request is looked at.
  if (r.preview !== undefined && !(await isThere(r.preview, admitted, deps))) return refuse('not_found')
  const read = await readRequest(r, c)
  if (!read.ok) return read
  const path: Record<string, string> = {}
  for (const [name, ids] of Object.entries(r.parameters as PathParameters)) {
    path[name] = c.req.param(name) ?? ''
    if (!wantsId(ids, path[name])) return refuse('not_found')
  }
  const facts = c.get('facts')
  const mayChange = rationChange(r, admitted, rations)
  if (!mayChange.ok) return mayChange
  const rationed = await ration(r, read.value.body, { deps, who, ip: facts.ip })
  if (!rationed.ok) return rationed
  return r.run({ deps, caller: admitted, path, facts, headers: c.req.raw.headers, ...read.value })
}

function answer(r: AnyRoute, value: unknown, extras: Extras = {}): Response {
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (extras.etag !== undefined) headers.set('etag', `"${extras.etag}"`)
  for (const cookie of extras.cookies ?? []) headers.append('set-cookie', cookie)
  if (extras.stream) {
    headers.set('content-type', extras.stream.contentType)
    headers.set('content-disposition', `attachment; filename="${extras.stream.fileName}"`)
    return new Response(extras.stream.body, { status: r.status, headers })
  }
  if (r.status === 204) return new Response(null, { status: 204, headers })
  headers.set('content-type', 'application/json')
  // The reply is cut to its shape, so that a stray column cannot leave.
  return new Response(JSON.stringify(r.reply.parse(value)), { status: r.status, headers })
}

function refusal(it: Refusal, c: Context<Env>, keeper: Doorkeeper): Response {
  const headers: Record<string, string> = {}
  if (it.code === 'unauthenticated') {
    headers['www-authenticate'] = keeper.challenge(
      it.detail ? { code: 'invalid_token', description: it.detail } : undefined,
    )
  }
  if (it.code === 'insufficient_scope')
    headers['www-authenticate'] = keeper.challenge({ code: it.code, description: it.detail ?? '' })
  if (it.code === 'unavailable') headers['retry-after'] = '1'
  if (it.retryAfterSeconds !== undefined) headers['retry-after'] = String(it.retryAfterSeconds)
  const { ok: _ok, code, ...facts } = it
  return problemReply(code, c.get('facts').requestId, facts, headers)
}

/** What traces tell of a request: the route as it is declared, never the path as it came. */
function workOf(r: AnyRoute, c: Context<Env>): Work {
  const organizationId = c.req.param('org') ?? ''
  const method = r.method.toUpperCase()
  return {
    name: `${method} ${r.path}`,
    kind: 'server',
    traceparent: c.req.header('traceparent'),
    facts: {
      'http.request.method': method,
      'http.route': r.path,
      'portcullis.route.id': r.id,
      'portcullis.request.id': c.get('facts').requestId,
      ...(idPattern('org').test(organizationId) && { 'portcullis.organization.id': organizationId }),
    },
  }
}

const statusOf = ({ status }: Response) => ({
  facts: { 'http.response.status_code': status },
  failed: status >= 500,
})

/** What every route is served with. */
export interface Kit {
  deps: Deps
  /** The doors to the database, in the turn of one account or person. */
  turnsOf: (who: string) => Pick<Deps, 'read' | 'change'>
  keeper: Doorkeeper
  invalidations: Pick<Invalidations, 'subscribe'>
  /** Requests at once, by account. */
  accounts: Crowd
  rations: ChangeRations
  /** Told of each 429. */
  limited: (limit: ReachedLimit) => void
}

/** Mounts what the routes declare. Path parameters are written `{name}` in declarations, as OpenAPI does. */
export function mount(app: Hono<Env>, routes: readonly AnyRoute[], kit: Kit): void {
  const { deps, keeper } = kit
  for (const r of routes) {
    app.on(r.method.toUpperCase(), r.path.replace(/\{(\w+)\}/g, ':$1'), (c) => {
      const work = async () => {
        const result = await handle(r, c, kit)
        return result.ok ? answer(r, result.value, result.extras) : refusal(result, c, keeper)
      }
      return deps.trace(workOf(r, c), work, statusOf)
    })
  }
}
