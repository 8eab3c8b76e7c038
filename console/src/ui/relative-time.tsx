import { Tooltip } from '@mantine/core'
import { useRef, useState, useSyncExternalStore } from 'react'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

// "Tomorrow" is a day of the calendar; "next month" would be one, too, so longer spans are counted in numbers.
const byCalendar = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const byNumber = new Intl.RelativeTimeFormat(undefined, { numeric: 'always' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatExact = (iso: string) => exact.format(new Date(iso))

/** Days between two moments by the reader's calendar, whatever the time of day. */
function countCalendarDays(from: number, to: number): number {
  const startOfDay = (time: number) => new Date(time).setHours(0, 0, 0, 0)
  return Math.round((startOfDay(to) - startOfDay(from)) / dayMs)
}

export function formatRelative(iso: string, now = Date.now()): string {
  const time = Date.parse(iso)
  const distance = Math.abs(time - now)
  if (distance < minuteMs) return 'just now'
  if (distance < hourMs) return byNumber.format(Math.trunc((time - now) / minuteMs), 'minute')
  if (distance < dayMs) return byNumber.format(Math.trunc((time - now) / hourMs), 'hour')
  const days = countCalendarDays(now, time)
  if (Math.abs(days) < 7) return byCalendar.format(days, 'day')
  if (Math.abs(days) < 30) return byNumber.format(Math.round(days / 7), 'week')
  const months = Math.round(days / 30.4375)
  if (Math.abs(months) < 12) return byNumber.format(months, 'month')
  return byNumber.format(Math.round(days / 365.25), 'year')
}

// One clock for all times on the page; it ticks by the minute.
let minute = Date.now()
const listeners = new Set<() => void>()
setInterval(() => {
  minute = Date.now()
  for (const listener of listeners) listener()
}, 60_000)

function useMinute() {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => minute,
  )
}

/** Relative to now, in the person's locale; the exact time on hover and focus, for which nothing is mounted before. */
export function RelativeTime({ iso, none }: { iso: string | null | undefined; none: string }) {
  const now = useMinute()
  const [near, setNear] = useState(false)
  const element = useRef<HTMLTimeElement>(null)
  if (!iso) return <>{none}</>
  return (
    <>
      <time
        ref={element}
        dateTime={iso}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time must be reachable by keyboard
        tabIndex={0}
        onPointerEnter={() => setNear(true)}
        onPointerLeave={() => setNear(false)}
        onFocus={() => setNear(true)}
        onBlur={() => setNear(false)}
      >
        {formatRelative(iso, Math.max(now, Date.now()))}
      </time>
      {near && <Tooltip opened target={element} label={formatExact(iso)} />}
    </>
  )
}
