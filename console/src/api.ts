import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { client } from './client/client.gen'

/** An answer that isn't the one asked for: what the server said (RFC 9457), or that it couldn't be reached. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly errors: { path: string; message: string }[]
  /** On 412: what is stored now. */
  readonly current: unknown
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, body: unknown, retryAfter?: string | null) {
    const said = (typeof body === 'object' && body !== null ? body : {}) as {
      title?: string
      detail?: string
      message?: string
      code?: string
      errors?: { path: string; message: string }[]
      current?: unknown
    }
    const unreachable = 'The server can’t be reached. Check your connection and try again.'
    const silent = 'The server couldn’t do this. Try again in a moment.'
    super(status === 0 ? unreachable : (said.detail ?? said.title ?? said.message ?? silent))
    this.name = 'Problem'
    this.status = status
    this.code = status === 0 ? 'unreachable' : (said.code ?? 'unknown')
    this.errors = said.errors ?? []
    this.current = said.current
    this.retryAfterSeconds = Number(retryAfter) || undefined
  }
}

type Answer<T> = { data?: T; error?: unknown; response?: Response }

/** Unwraps what the generated client answers: the data, or a thrown `Problem`. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await answer
  if (!response?.ok) {
    throw new Problem(response?.status ?? 0, error, response?.headers.get('retry-after'))
  }
  return data as NonNullable<T>
}

type SignInAgain = () => Promise<boolean>
let signInAgain: SignInAgain | undefined

/** While someone is signed in, a session that ended is renewed in place: the request waits, and nothing typed is lost. */
export function onSessionEnd(ask: SignInAgain | undefined) {
  signInAgain = ask
}

async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const again = request.clone()
  const response = await fetch(request)
  if (response.status !== 401 || signInAgain === undefined) return response
  return (await signInAgain()) ? fetch(again) : response
}

client.setConfig({ baseUrl: '', fetch: send })

type Page<Item> = { items: Item[]; nextCursor: string | null }

// One function for all renders: a new one each time would be run, and its result compared, on every render.
const laidEndToEnd = <Item>({ pages }: { pages: Page<Item>[] }) => pages.flatMap(({ items }) => items)

/** A list of ours, page after page, laid end to end; while a filter changes, what was there stays until the new is. */
export function listOptions<Item>(
  queryKey: readonly unknown[],
  readPage: (paging: { limit: string; cursor?: string }) => Promise<Page<Item>>,
) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam }) => readPage({ limit: '100', ...(pageParam !== '' && { cursor: pageParam }) }),
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
    select: laidEndToEnd<Item>,
    placeholderData: keepPreviousData,
  })
}
