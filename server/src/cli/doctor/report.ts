import { styleText } from 'node:util'
import type { Finding } from './finding.ts'

/** Where a report goes; colours only for a terminal, and never when NO_COLOR is set (`styleText` sees to it). */
export interface Paper {
  stream: NodeJS.WriteStream
  /** Characters in a line. */
  width: number
}

const styles = { ok: 'green', warning: 'yellow', fault: ['red', 'bold'] } as const
const levelWidth = 'warning'.length
const narrowest = 40

/** Words in lines of at most `width` characters; a longer word stands alone, unbroken, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

function linesOf(it: Finding, topicWidth: number, { stream, width }: Paper): string[] {
  const level = styleText(styles[it.level] as Parameters<typeof styleText>[0], it.level.padEnd(levelWidth), { stream })
  const indent = 2 + levelWidth + 2 + topicWidth + 2
  const room = Math.max(narrowest, width - indent)
  const [first = '', ...others] = wrap(it.what, room)
  const margin = ' '.repeat(indent)
  const mend = it.mend === undefined ? [] : wrap(it.mend, room - 2)
  return [
    `  ${level}  ${it.topic.padEnd(topicWidth)}  ${first}`,
    ...others.map((line) => margin + line),
    ...mend.map((line, i) => `${margin}${i === 0 ? '→ ' : '  '}${line}`),
  ]
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

const countOf = (findings: readonly Finding[], level: Finding['level']) =>
  findings.filter((it) => it.level === level).length

export const countsOf = (findings: readonly Finding[]) => ({
  faults: countOf(findings, 'fault'),
  warnings: countOf(findings, 'warning'),
})

function summaryOf(findings: readonly Finding[]): string {
  const { faults, warnings } = countsOf(findings)
  if (faults + warnings === 0) return 'Everything is in order.'
  if (faults === 0) return `No fault, ${counted(warnings, 'warning')}.`
  return `${counted(faults, 'fault')}${warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`}. Mend the faults first.`
}

/** The report as plain text: what is well in one line each, what is not with how to mend it below. */
export function reportText(findings: readonly Finding[], paper: Paper): string {
  const topicWidth = Math.max(...findings.map((it) => it.topic.length))
  const lines = findings.flatMap((it) => linesOf(it, topicWidth, paper))
  return `\n${lines.join('\n')}\n\n  ${summaryOf(findings)}\n`
}
