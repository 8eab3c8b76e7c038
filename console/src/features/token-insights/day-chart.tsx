import { type KeyboardEvent, useState } from 'react'
import { formatDayLong, formatDayShort } from '../../ui/day'
import classes from './day-chart.module.css'
import { roundUp } from './insights'
import { countUses } from './words'

const compact = new Intl.NumberFormat(undefined, { notation: 'compact' })

type Day = { date: string; count: number }

const keys: Record<string, (at: number, last: number) => number> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: (_, last) => last,
}

/**
 * One bar per day. Pointing at one, or walking with the arrow keys, reads it out above; the same figures stand in a
 * table behind the chart, for whoever reads rather than looks.
 */
export function DayChart({ days, summary }: { days: Day[]; summary: string }) {
  const [at, setAt] = useState<number>()
  const last = days.length - 1
  const top = roundUp(Math.max(...days.map(({ count }) => count)))
  const shown = at === undefined ? undefined : days[at]
  const step = (event: KeyboardEvent) => {
    const to = keys[event.key]?.(at ?? last + (event.key === 'ArrowLeft' ? 1 : 0), last)
    if (to === undefined) return
    event.preventDefault()
    setAt(Math.min(Math.max(to, 0), last))
  }
  return (
    <figure className={classes.chart}>
      <figcaption className={classes.readout} aria-live="polite">
        {shown ? (
          <>
            <b>{countUses(shown.count)}</b> on {formatDayLong(shown.date)}
            {at === last && ', so far'}
          </>
        ) : (
          summary
        )}
      </figcaption>
      <div
        className={classes.plot}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the days are walked with the arrow keys
        tabIndex={0}
        role="img"
        aria-label={`Uses per day. ${summary}`}
        onKeyDown={step}
        onBlur={() => setAt(undefined)}
        onPointerLeave={() => setAt(undefined)}
      >
        {[top, top / 2, 0].map((line) => (
          <div key={line} className={classes.line} style={{ bottom: `${(line / top) * 100}%` }}>
            {line > 0 && <span>{compact.format(line)}</span>}
          </div>
        ))}
        <div className={classes.bars} style={{ gap: days.length > 40 ? 1 : 3 }}>
          {days.map(({ date, count }, index) => (
            <div
              key={date}
              className={classes.day}
              data-current={index === at || undefined}
              data-today={index === last || undefined}
              onPointerEnter={() => setAt(index)}
              onPointerDown={() => setAt(index)}
            >
              <div className={classes.bar} style={{ height: `${(count / top) * 100}%` }} />
            </div>
          ))}
        </div>
      </div>
      <div className={classes.dates} aria-hidden="true">
        {[0, Math.floor(last / 2), last].map((index) => (
          <span key={index}>{formatDayShort(days[index]!.date)}</span>
        ))}
      </div>
    </figure>
  )
}
