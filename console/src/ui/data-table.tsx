import { Button, Skeleton } from '@mantine/core'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, memo, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import classes from './data-table.module.css'
import { Failure } from './notice'
import { useIsPrinted } from './use-is-printed'

export type Column<Row> = {
  key: string
  header: string
  cell: (row: Row) => ReactNode
  /** A CSS grid track. */
  width?: string
  /** A column of controls: no header shown, no label on narrow screens. */
  control?: boolean
}

/** What `useInfiniteQuery` over one of our lists gives, with its pages laid end to end. */
export type Rows<Row> = {
  data: Row[] | undefined
  error: Error | null
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => Promise<{ hasNextPage: boolean; isError: boolean; data: Row[] | undefined }> | undefined
  refetch: () => unknown
}

type Props<Row> = {
  label: string
  rows: Rows<Row>
  columns: Column<Row>[]
  rowKey: (row: Row) => string
  empty: ReactNode
}

// The grid of CSS takes a table's own semantics away in some browsers; naming the roles gives them back.
const as = (role: string) => ({ role })

/** Where rows are cards; see the style sheet. */
const narrow = window.matchMedia('(max-width: 48em)')

/** Scrolls with the page; only the rows in sight exist, so ten thousand are as quick as ten. */
export function DataTable<Row>({ label, rows, columns, rowKey, empty }: Props<Row>) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [top, setTop] = useState(0)
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = rows
  const count = data?.length ?? 0
  const virtual = useWindowVirtualizer<HTMLTableRowElement>({
    count,
    estimateSize: () => (narrow.matches ? 132 : 53),
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => rowKey(data![index]!),
  })
  const isPrinted = useIsPrinted(rows)
  const seen = virtual.getVirtualItems()
  const items = isPrinted ? (data ?? []).map((row, index) => ({ index, key: rowKey(row) })) : seen
  const last = seen.at(-1)?.index ?? -1
  const above = isPrinted ? 0 : (seen[0]?.start ?? top) - top
  const below = isPrinted ? 0 : virtual.getTotalSize() - ((seen.at(-1)?.end ?? top) - top)

  useLayoutEffect(() => {
    if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY)
  }, [])
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !error && last >= count - 30) void fetchNextPage()
  }, [last, count, hasNextPage, isFetchingNextPage, error, fetchNextPage])

  if (error && !data) return <Failure error={error} action={<Retry rows={rows} />} />
  if (data && count === 0) return <div className={classes.frame}>{empty}</div>
  const tracks = { '--tracks': columns.map(({ width = 'minmax(0, 1fr)' }) => width).join(' ') } as CSSProperties
  return (
    <div className={classes.frame}>
      <table className={classes.table} style={tracks} aria-label={label} aria-busy={!data} {...as('table')}>
        <thead className={classes.head} {...as('rowgroup')}>
          <tr className={classes.row} {...as('row')}>
            {columns.map(({ key, header, control }) => (
              <th key={key} scope="col" {...as('columnheader')}>
                {control ? <span className={classes.unseen}>{header}</span> : header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} style={{ paddingTop: above, paddingBottom: below }} {...as('rowgroup')}>
          {!data && <SkeletonRows columns={columns} />}
          {data &&
            items.map(({ index, key }) => (
              <BodyRow
                key={key}
                row={data[index]!}
                index={index}
                columns={columns as Column<unknown>[]}
                measure={isPrinted ? undefined : virtual.measureElement}
              />
            ))}
        </tbody>
      </table>
      {isPrinted && hasNextPage && (
        <p className={classes.incomplete}>
          Only the first {count.toLocaleString()} rows are printed. Narrow the list, or export it where the page offers
          it.
        </p>
      )}
      {isFetchingNextPage && !isPrinted && <Skeleton h={20} m="sm" width="40%" />}
      {error && data && <Failure error={error} action={<Retry rows={rows} />} />}
    </div>
  )
}

type BodyRowProps = {
  row: unknown
  index: number
  columns: Column<unknown>[]
  measure: ((element: HTMLTableRowElement | null) => void) | undefined
}

/** Kept while one scrolls: only the rows that come into sight are made. */
const BodyRow = memo(function BodyRow({ row, index, columns, measure }: BodyRowProps) {
  return (
    <tr ref={measure} data-index={index} className={classes.row} {...as('row')}>
      {columns.map(({ key, header, cell, control }) => (
        <td key={key} {...as('cell')} {...(control ? { 'data-control': key } : { 'data-label': header })}>
          {cell(row)}
        </td>
      ))}
    </tr>
  )
})

function Retry<Row>({ rows }: { rows: Rows<Row> }) {
  return (
    <Button size="xs" variant="default" onClick={() => (rows.data ? rows.fetchNextPage() : rows.refetch())}>
      Try again
    </Button>
  )
}

function SkeletonRows<Row>({ columns }: { columns: Column<Row>[] }) {
  return [70, 55, 62, 48].map((width) => (
    <tr key={width} className={classes.row} {...as('row')}>
      {columns.map(({ key, control }) => (
        <td key={key} {...as('cell')}>
          {!control && <Skeleton h={14} my={6} width={`${width}%`} />}
        </td>
      ))}
    </tr>
  ))
}
