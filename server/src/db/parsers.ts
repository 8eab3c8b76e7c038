/** PostgreSQL's type ids of what we read as another JavaScript type than the drivers would, or more strictly. */
export const typeIds = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700 } as const

/** Without the value, which may be a customer's. */
const createParseError = (type: string) => new Error(`the database sent a ${type} that cannot be parsed`)

/** Counts and versions stay far below 2^53, so they are numbers like all others. */
export function parseNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) throw createParseError('number')
  return number
}

const isoDate = /^\d{4,6}-\d{2}-\d{2}$/

/** A day is a day, in no time zone: `YYYY-MM-DD`. */
export function parseDate(text: string): string {
  if (!isoDate.test(text)) throw createParseError('date')
  return text
}

const isoTime = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)([+-]\d{2}(?::?\d{2})?)?$/

/**
 * An expiration that cannot be parsed must never read as none: the drivers' own parsers give null or an invalid date for
 * what is not in ISO style, so this one throws instead. (T3)
 */
export function parseTime(text: string): Date {
  const [, day, time, offset = '+00'] = isoTime.exec(text) ?? []
  const parsed = new Date(`${day}T${time}${offset.length === 3 ? `${offset}:00` : offset}`)
  if (day === undefined || Number.isNaN(parsed.getTime())) throw createParseError('time')
  return parsed
}

export const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [typeIds.int8]: parseNumber,
  [typeIds.numeric]: parseNumber,
  [typeIds.date]: parseDate,
  [typeIds.timestamp]: parseTime,
  [typeIds.timestamptz]: parseTime,
}
