/** PostgreSQL's type ids of what we read as another JavaScript type than the drivers would. */
export const typeIds = { int8: 20, date: 1082, numeric: 1700 } as const

/** Counts and versions stay far below 2^53, so they are numbers like all others. */
export const parseNumber = (text: string): number => Number(text)

/** A day is a day, in no time zone: `YYYY-MM-DD`. */
export const parseDate = (text: string): string => text
