import type { Point } from './lease.ts'
import type { Forget } from './memory.ts'

/** One event of the change stream: what to forget up to a point. */
export interface Step {
  readonly point: Point
  readonly forget: readonly Forget[] | 'everything'
}

const markForm = /^[\w-]{0,64}$/
const kinds: readonly string[] = ['organization', 'account', 'token', 'provider', 'issuer'] satisfies Forget['kind'][]

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A number with its mark, as the server writes both in several places. */
export function readPoint(number: unknown, mark: unknown): Point | undefined {
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) return undefined
  return typeof mark === 'string' && markForm.test(mark) ? { number, mark } : undefined
}

/** How a point stands in `Last-Event-ID`. */
export const pointText = ({ number, mark }: Point): string => `${number}.${mark}`

const isForget = (value: unknown): value is Forget =>
  isObject(value) && typeof value.id === 'string' && typeof value.kind === 'string' && kinds.includes(value.kind)

/**
 * Reads the data of a `forget` event; undefined when it is none. Something of a kind that a newer server may name
 * cannot be found here, so that everything is forgotten in its place: true, and dear.
 */
export function readStep(data: string): Step | 'unreadable' {
  let fields: unknown
  try {
    fields = JSON.parse(data)
  } catch {
    return 'unreadable'
  }
  if (!isObject(fields)) return 'unreadable'
  const { number, mark, forget } = fields
  const point = readPoint(number, mark)
  if (!point) return 'unreadable'
  if (forget === 'everything') return { point, forget }
  if (!Array.isArray(forget)) return 'unreadable'
  return { point, forget: forget.every(isForget) ? forget : 'everything' }
}
