import type { infer as Infer, ZodObject, ZodType } from 'zod'
import type { Deps } from '../db/deps.ts'
import type { Principal } from '../features/access/rules.ts'
import type { Caller, Denial } from '../features/accounts/rules.ts'
import type { RequestFacts } from '../kernel/deps.ts'
import type { IdPrefix } from '../kernel/ids.ts'
import type { Rationed } from '../kernel/limits.ts'
import type { ProblemCode } from '../kernel/problems.ts'
import type { Result } from '../kernel/result.ts'

/**
 * Who may call a route. `anyone`: no credential is looked at, but a session is passed on. `signed_in`: any credential.
 * `account`: an account of the organization in the path; `admin`: one with that role; `group_manager`: an admin, or a
 * manager of the group in the path (O6).
 */
export type Who = 'anyone' | 'signed_in' | 'account' | 'admin' | 'group_manager'

/** What a change may answer since its caller is judged again under the lock; the kit itself declares these codes (A4). */
type DenialIn<W extends Who> = W extends 'account' | 'admin' | 'group_manager' ? Denial : never

type CallerOf<W extends Who> = W extends 'anyone' ? Principal | undefined : W extends 'signed_in' ? Principal : Caller

/** The ids in a path and what they may look like; `secret` is an invitation's or the set-up's, `key` a feature's. */
export type PathParameters = Record<string, readonly [IdPrefix, ...IdPrefix[]] | 'secret' | 'key'>

export interface Asked<W extends Who, P extends PathParameters, Q, B> {
  deps: Deps
  caller: CallerOf<W>
  path: { [K in keyof P]: string }
  query: Q
  body: B
  /** The version named by If-Match, where the route wants one (RFC 9110 §13.1.1). */
  ifMatch: string | undefined
  facts: RequestFacts
  headers: Headers
}

/** What a handler may add to its answer beyond the body. */
export interface Extras {
  etag?: string
  cookies?: readonly string[]
  /** Sent instead of JSON, for exports. */
  stream?: { contentType: string; fileName: string; body: ReadableStream<Uint8Array> }
}

export interface Route<
  W extends Who,
  P extends PathParameters,
  Q extends ZodObject,
  B extends ZodType,
  R extends ZodType,
  C extends ProblemCode,
> {
  id: string
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** With `{name}` for each entry of `parameters`. */
  path: string
  summary: string
  /** What a client must know beyond the summary and beyond what the declaration says; part of the OpenAPI document. */
  description?: string
  who: W
  parameters: P
  /** F5: the route does not exist (404) where this feature of our own is off. */
  preview?: string
  /** Left out: no query is taken. */
  query?: Q
  /** Left out: no body is read. */
  body?: B
  /** The route wants If-Match: 428 without. */
  ifMatch?: true
  /** `false`: it only asks, although its method is not GET, and counts for no ration of changes. */
  changes?: false
  /** An account, and an address, may do this only so often (429); `amount` of a body: how many things at once. */
  rationed?: { as: Rationed; amount?: (body: Infer<B>) => number }
  status: 200 | 201 | 204
  reply: R
  /** The media types of an answer that is streamed as a file; left out: it is JSON. */
  files?: readonly [string, ...string[]]
  problems: readonly C[]
  run: (
    asked: Asked<W, P, Infer<Q>, Infer<B>>,
  ) => Promise<Result<Infer<R>, NoInfer<C> | DenialIn<W>> & { extras?: Extras }>
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes forgets what each of them was checked against.
export type AnyRoute = Route<any, any, any, any, any, any>

/** Identity function; exists so that each route is type-checked against what it declares. */
export const route = <
  const W extends Who,
  const P extends PathParameters,
  Q extends ZodObject,
  B extends ZodType,
  R extends ZodType,
  const C extends ProblemCode,
>(
  it: Route<W, P, Q, B, R, C>,
): AnyRoute => it
