import { Link, useMatchRoute } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import type { Path } from './links'
import classes from './route-tabs.module.css'

type Tab = { label: string; path: Path; tag?: ReactNode }

type Props = { label: string; tabs: Tab[]; children: ReactNode; aside?: ReactNode }

/** Tabs that are addresses: each is a link, arrow keys move between them, and the panel is what the route shows. */
export function RouteTabs({ label, tabs, children, aside }: Props) {
  const matches = useMatchRoute()
  const panel = useId()
  const current = tabs.findIndex((tab) => matches({ ...tab.path, fuzzy: true }))
  const list = useRef<HTMLDivElement>(null)
  // Where there is no room for all tabs, the present one is in sight.
  useEffect(() => {
    const tab = list.current?.children[current]
    if (tab instanceof HTMLElement) list.current?.scrollTo({ left: tab.offsetLeft - list.current.offsetLeft - 24 })
  }, [current])
  return (
    <>
      <div className={classes.bar}>
        <div ref={list} className={classes.tabs} role="tablist" aria-label={label} onKeyDown={moveByArrow}>
          {tabs.map((tab, index) => (
            <Link
              key={tab.label}
              {...tab.path}
              className={classes.tab}
              role="tab"
              id={`${panel}-${index}`}
              aria-selected={index === current}
              aria-controls={panel}
              tabIndex={index === current || (current < 0 && index === 0) ? 0 : -1}
              title={tab.label.length > 28 ? tab.label : undefined}
            >
              {tab.label}
              {/* The space is part of what is read aloud. */}
              {tab.tag && <span className={classes.tag}> {tab.tag}</span>}
            </Link>
          ))}
        </div>
        {aside}
      </div>
      <div role="tabpanel" id={panel} aria-labelledby={current < 0 ? undefined : `${panel}-${current}`}>
        {children}
      </div>
    </>
  )
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 }

function moveByArrow(event: KeyboardEvent<HTMLDivElement>) {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')]
  const at = all.indexOf(document.activeElement as HTMLElement)
  const step = steps[event.key]
  const next =
    event.key === 'Home'
      ? all[0]
      : event.key === 'End'
        ? all.at(-1)
        : step && all[(at + step + all.length) % all.length]
  if (!next) return
  event.preventDefault()
  next.focus()
  next.click()
}
