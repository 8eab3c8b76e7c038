import { basePath } from '../auth/better-auth.ts'
import { asking } from '../db/asking.ts'
import { Overload } from '../db/fair-queue.ts'
import type { SignIn } from '../features/sign-in/actions.ts'
import type { RequestFacts } from '../kernel/deps.ts'
import type { LimitName } from '../kernel/limits.ts'
import { ok } from '../kernel/result.ts'
import { parse, readJson } from './body.ts'
import type { ChangeRations } from './change-rations.ts'
import { clientOf } from './client-address.ts'
import { clientHeader, requestIdHeader } from './incoming.ts'
import { createFamiliarity, type Familiarity } from './sign-in-familiarity.ts'
import type { Answered, Asked, AuthRefusal, SignInRoute } from './sign-in-route.ts'

const maxBodyBytes = 64 * 1024

const notFound: AuthRefusal = { status: 404, code: 'NOT_FOUND', message: 'Not found' }

const unreadable = {
  unsupported_media_type: {
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Send the body as application/json.',
  },
  payload_too_large: { status: 413, code: 'PAYLOAD_TOO_LARGE', message: `A body holds at most ${maxBodyBytes} bytes.` },
  bad_request: { status: 400, code: 'BAD_REQUEST', message: 'The body is not JSON in UTF-8.' },
} as const satisfies Record<string, AuthRefusal>

type Body = { ok: true; value: Record<string, unknown> } | { ok: false; refusal: AuthRefusal }

/** No body at all, which clients say in several ways (RFC 9112 §6.3). */
const isEmpty = ({ body, headers }: Request) =>
  body === null ||
  headers.get('content-length') === '0' ||
  !['content-type', 'content-length', 'transfer-encoding'].some((name) => headers.has(name))

async function readBody(route: SignInRoute, request: Request): Promise<Body> {
  if (!route.body) return ok({})
  const raw = isEmpty(request) ? ok({}) : await readJson(request, maxBodyBytes)
  if (!raw.ok) return { ok: false, refusal: unreadable[raw.code] }
  const body = parse(route.body, raw.value)
  if (body.ok) return body
  const [fault] = body.errors ?? []
  const message = fault ? `[${['body', fault.path].filter(Boolean).join('.')}] ${fault.message}` : 'Not valid.'
  return { ok: false, refusal: { status: 400, code: 'VALIDATION_ERROR', message } }
}

const factsOf = (headers: Headers): RequestFacts => ({
  requestId: headers.get(requestIdHeader) ?? '',
  ip: headers.get(clientHeader),
  userAgent: headers.get('user-agent')?.slice(0, 500) ?? null,
})

const passedOn = ['origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']

/** With a cookie Better Auth wants an Origin; the device cookie opens nothing, so it is no reason to. */
const withoutDevice = (cookies: string | null): string | null =>
  cookies
    ?.split(';')
    .filter((pair) => !/^\s*(?:__Host-)?portcullis\.device=/.test(pair))
    .join(';') || null

/** The headers that Better Auth may see: nothing that a client could mislead it with. */
function headersFor(signIn: SignIn, headers: Headers, facts: RequestFacts): Headers {
  const kept = new Headers()
  const keep = (name: string, value: string | null) => value !== null && kept.set(name, value)
  for (const name of passedOn) keep(name, headers.get(name))
  keep('cookie', withoutDevice(signIn.cookiesOf(headers)))
  keep('user-agent', facts.userAgent)
  keep(clientHeader, facts.ip)
  return kept
}

/** Whom a count belongs to: the client, the person, or the person from there. Undefined: nobody is known, nothing is counted. */
function subjectOf(name: LimitName, { body, person, facts }: Asked): string | undefined {
  const client = clientOf(facts.ip)
  if (name.endsWith('_from')) return client
  const who = typeof body.email === 'string' ? body.email : person?.id
  if (who === undefined) return undefined
  return name.endsWith('_here') ? `${who} ${client}` : who
}

interface Parts {
  signIn: SignIn
  rations: ChangeRations
  familiarity: ReturnType<typeof createFamiliarity>
}

type Count = readonly [name: LimitName, subject: string]

/** What an attempt counts for: from a person's own browser for itself alone, else as the route declares. (S5) */
function countsOf(route: SignInRoute, asked: Asked, familiar: Familiarity): Count[] {
  if (familiar.kind === 'browser') return [['sign_in_device', `${asked.body.email} ${familiar.nonce}`]]
  const names = (route.limits ?? []).filter((name) => name !== 'sign_in' || familiar.kind === 'none')
  return names.flatMap((name): Count[] => {
    const subject = subjectOf(name, asked)
    return subject === undefined ? [] : [[name, subject]]
  })
}

async function refusedByLimit(
  { signIn, familiarity }: Parts,
  counts: readonly Count[],
  asked: Asked,
): Promise<AuthRefusal | undefined> {
  for (const [name, subject] of counts) {
    const taken = await signIn.limiter.take(name, subject)
    if (taken.ok) continue
    // Whoever has the password gets in, however many strangers guess: beyond this bound attempts wait for each other.
    if (name !== 'sign_in') return tooManyAttempts(taken.retryAfterSeconds ?? 1)
    if (!(await familiarity.delay(subject, asked))) return tooManyAttempts(delayedRetrySeconds)
  }
  return undefined
}

const delayedRetrySeconds = 15

const tooManyAttempts = (retryAfterSeconds: number): AuthRefusal => ({
  status: 429,
  code: 'TOO_MANY_REQUESTS',
  message: 'Too many attempts. Wait before you try again.',
  retryAfterSeconds,
})

/** Who a change is counted for: the person who is signed in, or the one who signs in. */
const changeSubjectOf = ({ session, person, body }: Asked): string | undefined =>
  session?.id ?? (typeof body.email === 'string' ? body.email : person?.id)

function reply(it: AuthRefusal | { status: 200; body: object }): Response {
  const headers = new Headers({ 'cache-control': 'no-store', 'content-type': 'application/json' })
  if ('body' in it) return new Response(JSON.stringify(it.body), { status: it.status, headers })
  if (it.retryAfterSeconds !== undefined) headers.set('retry-after', String(it.retryAfterSeconds))
  return new Response(JSON.stringify({ code: it.code, message: it.message }), { status: it.status, headers })
}

async function askBetterAuth(signIn: SignIn, route: SignInRoute, asked: Asked): Promise<[Response, Answered]> {
  const headers = headersFor(signIn, asked.headers, asked.facts)
  if (route.body) headers.set('content-type', 'application/json')
  const request = new Request(`${signIn.instance.publicUrl}${basePath}${route.path}`, {
    method: route.method,
    headers,
    ...(route.body && { body: JSON.stringify(asked.body) }),
  })
  const response = await signIn.auth.handler(request)
  const text = await response.text()
  const answer = new Headers(response.headers)
  answer.set('cache-control', 'no-store')
  answer.delete('location')
  // Its lock of a second factor tells nobody how long it lasts: 15 minutes.
  if (response.status === 429 && !answer.has('retry-after')) answer.set('retry-after', '900')
  const body: unknown = text === '' ? undefined : JSON.parse(text)
  return [new Response(text, { status: response.status, headers: answer }), { status: response.status, body }]
}

const sessionEnded: AuthRefusal = { status: 401, code: 'UNAUTHORIZED', message: 'Unauthorized' }
const signInRefused: AuthRefusal = {
  status: 401,
  code: 'INVALID_EMAIL_OR_PASSWORD',
  message: 'Invalid email or password',
}

/** Asks Better Auth, and answers as if the request had come later where what it relied on ended meanwhile. (A5) */
async function askGuarded(signIn: SignIn, route: SignInRoute, asked: Asked): Promise<[Response, Answered]> {
  const { session, person, body } = asked
  const facts = { session, person, email: typeof body.email === 'string' ? body.email : '' }
  const guarded = await signIn.guarded(route.guard, facts, async (transaction) => {
    const [response, answered] = await askBetterAuth(signIn, route, asked)
    await route.inTransaction?.(transaction, asked, answered)
    return [response, answered] as [Response, Answered]
  })
  const refuse = (refusal: AuthRefusal): [Response, Answered] => [reply(refusal), { status: 401, body: refusal }]
  if (!guarded.ok) return refuse(session ? sessionEnded : signInRefused)
  // Nothing was written, so the guard was not asked; a password may be wrong because whoever changed it ended this session.
  if (route.guard && session && !guarded.wrote && !(await signIn.currentSession(asked.headers)))
    return refuse(sessionEnded)
  return guarded.value
}

/** A flood of sign-ins by strangers must not keep a person's own browser waiting. (S5) */
const inKnownLane = <T>(work: () => Promise<T>): Promise<T> =>
  asking.run({ flow: 'router', source: '', ...asking.getStore(), known: true }, work)

const owesFactor = ({ body }: Answered) => typeof body === 'object' && body !== null && 'twoFactorRedirect' in body

async function handle(parts: Parts, route: SignInRoute, request: Request): Promise<Response> {
  const { signIn, rations, familiarity } = parts
  const body = await readBody(route, request)
  if (!body.ok) return reply(body.refusal)
  const { headers } = request
  // A password or a link works the same for whoever is signed in.
  const bringsOwn = route.guard === 'password' || route.guard === 'link'
  const session = bringsOwn ? undefined : await signIn.currentSession(headers)
  const known = { body: body.value, headers, facts: factsOf(headers), startedAt: new Date(), session }
  const asked: Asked = { ...known, person: known.session ?? (await route.personOf?.(signIn, known)) }
  const familiar: Familiarity = route.recognizes ? await familiarity.find(asked) : { kind: 'none' }
  const counts = countsOf(route, asked, familiar)
  const limited = await refusedByLimit(parts, counts, asked)
  if (limited) return reply(route.whenLimited?.(signIn) ?? limited)
  const subject = route.changes && changeSubjectOf(asked)
  const wait = subject === undefined ? undefined : rations.take({ account: subject })
  if (wait !== undefined) return reply(tooManyAttempts(wait))
  // What strangers attempt must not use up a person's ration, not even while it waits: only a sign-in counts. (S5)
  if (subject !== undefined && !session) rations.giveBack(subject)
  const early = await route.first?.(signIn, asked)
  if (early) return reply(early)
  const giveBack = async () => {
    for (const [name, subject] of counts) await signIn.limiter.giveBack(name, subject)
  }
  const ask = () => askGuarded(signIn, route, asked)
  const [response, answered] = await (familiar.kind === 'browser' ? inKnownLane(ask) : ask()).catch(
    async (error: unknown) => {
      // Nobody looked at what was sent, so it was no guess.
      if (error instanceof Overload && !route.countsAll) await giveBack()
      throw error
    },
  )
  if (answered.status < 400 && !route.countsAll) await giveBack()
  if (subject !== undefined && !session && answered.status === 200) rations.take({ account: subject })
  if (route.remembers && answered.status === 200 && !owesFactor(answered)) {
    const cookie = await familiarity.remember(asked)
    if (cookie !== undefined) response.headers.append('set-cookie', cookie)
  }
  await route.atOnce?.(signIn, asked, answered)
  const { after } = route
  if (after) signIn.later(route.path, () => after(signIn, asked, answered))
  return response
}

/** The door to sign-in: exactly these routes, everything else below `/api/auth` is absent. Queries are left unread. */
export const signInHandler =
  (signIn: SignIn, routes: readonly SignInRoute[], rations: ChangeRations, familiarity = createFamiliarity(signIn)) =>
  async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname
    const found = routes.find((it) => it.method === request.method && basePath + it.path === path)
    return found ? handle({ signIn, rations, familiarity }, found, request) : reply(notFound)
  }
