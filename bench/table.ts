/** One line of the table: a figure of this run, and what it was measured against in this very run. */
export interface Row {
  what: string
  /** Which door, and which database stood behind it. */
  where: string
  /** What the figure is: a ratio, or where the mark is absolute a time or a size. */
  figure: number
  unit: '×' | 'ms' | 'bytes'
  mark: { atLeast: number } | { atMost: number }
  beside: string
  /** The measurements behind the figure, for readers. */
  detail: string
}

export const isMet = ({ figure, mark }: Row): boolean =>
  'atLeast' in mark ? figure >= mark.atLeast : figure <= mark.atMost

const figureText = (figure: number, unit: Row['unit']) =>
  unit === '×' ? `${figure.toFixed(2)} ×` : `${figure.toFixed(figure < 10 ? 1 : 0)} ${unit}`

const markText = ({ mark, unit }: Row) => ('atLeast' in mark ? `≥ ${mark.atLeast} ${unit}` : `≤ ${mark.atMost} ${unit}`)

/** The table as text; one mark that was missed makes it end with how many. */
export function tableText(rows: readonly Row[]): string {
  const head = ['', 'what', 'where', 'figure', 'mark', 'beside', 'measured']
  const lines = rows.map((row) => [
    isMet(row) ? 'ok' : 'MISSED',
    row.what,
    row.where,
    figureText(row.figure, row.unit),
    markText(row),
    row.beside,
    row.detail,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i]?.length ?? 0)))
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const missed = rows.filter((row) => !isMet(row)).length
  return [...text, '', missed === 0 ? 'Every mark is met.' : `${missed} of ${rows.length} marks missed.`].join('\n')
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
