import { organizationA, resourceKey } from './gate-server.ts'
import { ask, type RawAnswer, type RawRequest } from './raw-http.ts'

export type Header = readonly [name: string, value: string]
export const json: Header = ['Content-Type', 'application/json; charset=utf-8']
export const key: Header = ['Authorization', `Bearer ${resourceKey}`]
export const bulk = '/ofrep/v1/evaluate/flags'
export const forA = JSON.stringify({ context: { targetingKey: 'somebody', organization: organizationA } })

/** Asks a server by the protocol: with the host product's key and for one organization, unless told otherwise. */
export function asking(port: () => number) {
  const post = (
    path: string,
    body: string | Buffer,
    headers: readonly Header[] = [key],
    over: Partial<RawRequest> = {},
  ) => ask(port(), { method: 'POST', path, headers: [json, ...headers], body, ...over })

  const all = (body: string | Buffer = forA, headers?: readonly Header[], over?: Partial<RawRequest>) =>
    post(bulk, body, headers, over)
  const one = (flag: string, body = forA, headers?: readonly Header[]) => post(`${bulk}/${flag}`, body, headers)
  return { post, all, one }
}

export const keysOf = (answer: RawAnswer) => (answer.json().flags as { key: string }[]).map((flag) => flag.key)
export const token = (secret: string): Header => ['Authorization', `Bearer ${secret}`]
export const cookie = (value: string): Header => ['Cookie', value]

export const keysOfA = ['dark-mode', 'left-out', 'for-all', 'gone']
export const keysOfB = ['dark-mode', 'left-out', 'only-b', 'for-all', 'gone']
