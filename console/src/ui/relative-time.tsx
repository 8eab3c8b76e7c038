import { Tooltip } from '@mantine/core'
import { useRef, useState, useSyncExternalStore } from 'react'

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatExact = (iso: string) => exact.format(new Date(iso))

export function formatRelative(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', Number.POSITIVE_INFINITY]
  return unit === 'second' ? 'just now' : relative.format(Math.round(seconds / size), unit)
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
