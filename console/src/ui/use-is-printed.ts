import { useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Rows } from './data-table'

/** So many rows are loaded for a print. */
const mostPrinted = 5_000

const printed = window.matchMedia('print')

/** Loads the pages that follow, up to the bound. */
async function loadForPrint<Row>(rows: Rows<Row>): Promise<void> {
  let page: Awaited<ReturnType<Rows<Row>['fetchNextPage']>> = { ...rows, isError: false }
  while (page?.hasNextPage && !page.isError && (page.data?.length ?? 0) < mostPrinted) page = await rows.fetchNextPage()
}

/**
 * Whether the page is being printed, which shows all rows and not those in sight. The browser asks synchronously, so what
 * is not loaded yet is missing then; the keys for printing load it first.
 */
export function useIsPrinted<Row>(rows: Rows<Row>): boolean {
  const [isPrinted, setPrinted] = useState(printed.matches)
  const latest = useRef(rows)
  latest.current = rows

  useEffect(() => {
    const show = (shown: boolean) => flushSync(() => setPrinted(shown))
    const begin = () => show(true)
    const end = () => show(false)
    const change = ({ matches }: MediaQueryListEvent) => show(matches)
    const press = (event: KeyboardEvent) => {
      const isPrint =
        event.key.toLowerCase() === 'p' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey
      if (!isPrint || !latest.current.hasNextPage) return
      event.preventDefault()
      void loadForPrint(latest.current).finally(() => window.print())
    }
    window.addEventListener('beforeprint', begin)
    window.addEventListener('afterprint', end)
    window.addEventListener('keydown', press)
    printed.addEventListener('change', change)
    return () => {
      window.removeEventListener('beforeprint', begin)
      window.removeEventListener('afterprint', end)
      window.removeEventListener('keydown', press)
      printed.removeEventListener('change', change)
    }
  }, [])
  return isPrinted
}
