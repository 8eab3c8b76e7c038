const medium = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const long = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
})

/** Days travel as `YYYY-MM-DD` and are nobody's local ones: the same day for everybody who reads it. */
export const formatDay = (day: string) => medium.format(new Date(day))
export const formatDayShort = (day: string) => short.format(new Date(day))
export const formatDayLong = (day: string) => long.format(new Date(day))
