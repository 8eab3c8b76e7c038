import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { openTestDatabase, type TestDatabase } from '../server/test/databases.ts'
import { type Harness, harness, resourceKey } from '../server/test/harness.ts'
import { type Listening, listen } from '../server/test/listen.ts'

const textOf = (...path: string[]) => readFileSync(join(import.meta.dirname, ...path), 'utf8')

interface Panel {
  title: string
  type: string
  gridPos: { h: number; w: number; x: number; y: number }
  targets?: { expr: string }[]
}
const dashboard = JSON.parse(textOf('monitoring', 'grafana-dashboard.json')) as {
  uid: string
  schemaVersion: number
  templating: { list: { name: string; query: string | { query: string } }[] }
  panels: Panel[]
}
interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string }
}
const { groups } = parse(textOf('monitoring', 'alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] }
const rules = groups.flatMap((it) => it.rules)
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
  ...rules.map(({ expr }) => expr),
]

/** A metric of ours, or of the process; label names and PromQL's own words have no such prefix. */
const named = (text: string) => text.match(/\b(?:portcullis|process|nodejs)_[a-z0-9_]+/g) ?? []

let database: TestDatabase
let app: Harness
let server: Listening
let page: string
/** Every series by the name under which PromQL knows it, its labels beside it. */
let offered: Map<string, Set<string>>

beforeAll(async () => {
  database = await openTestDatabase('embedded')
  app = await harness(database)
  server = await listen(app)
  // Each kind of request once, so that every series has a value.
  await server.introspect('nothing')
  await fetch(`${server.url}/api/v1/me`)
  await fetch(`${server.url}/v1/head`, { headers: { authorization: `Bearer ${resourceKey}` } })
  await fetch(`${server.url}/ofrep/v1/evaluate/flags`, { method: 'POST' })
  page = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${resourceKey}` } })).text()
  offered = new Map()
  for (const [, name = '', labels = ''] of page.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? /gm)) {
    const known = offered.get(name) ?? new Set<string>()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    offered.set(name, known)
  }
})
afterAll(async () => {
  await server.close()
  await database.drop()
})

test('every metric that the dashboard and the alerts name is one that a running instance offers', () => {
  const asked = new Set(expressions.flatMap(named))
  expect(asked.size).toBeGreaterThan(15)
  expect([...asked].filter((it) => !offered.has(it))).toEqual([])
})

test('every label that they select or sum by is one of that metric', () => {
  const given = new Set(['job', 'instance', 'le'])
  const wrong = expressions.flatMap((expr) => {
    const labels = new Set(named(expr).flatMap((it) => [...(offered.get(it) ?? [])]))
    const selected = [...expr.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map((it) => it[1] ?? '')
    const summed = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap((it) => (it[1] ?? '').split(', '))
    return [...selected, ...summed].filter((it) => !given.has(it) && !labels.has(it)).map((it) => `${it} in ${expr}`)
  })
  expect(wrong).toEqual([])
})

test('every metric of ours is on the dashboard and in the operations manual, and the manual names none that is gone', () => {
  const ours = [...page.matchAll(/^# TYPE (portcullis_\w+) /gm)].map((it) => it[1] ?? '')
  expect(ours.length).toBeGreaterThan(10)
  const shown = expressions.join('\n')
  expect(ours.filter((it) => !shown.includes(it))).toEqual([])
  const manual = textOf('..', 'docs', 'operations.md')
  const documented = [...manual.matchAll(/^\| `(portcullis_\w+?)(?:\{[^}]*\})?` \|/gm)].map((it) => it[1] ?? '')
  expect(documented.sort()).toEqual(ours.sort())
})

test('the dashboard is one that Grafana takes: no panel lies on another, each has a title and a question', () => {
  expect(dashboard).toMatchObject({ uid: 'portcullis', title: 'Portcullis', schemaVersion: 39 })
  const taken = new Map<string, string>()
  for (const { title, type, gridPos, targets } of dashboard.panels) {
    expect(title).not.toBe('')
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    if (type !== 'row') expect(targets?.length, title).toBeGreaterThan(0)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.get(`${x} ${y}`), title).toBeUndefined()
        taken.set(`${x} ${y}`, title)
      }
  }
})

test('each alert has a name of its own, a severity and a sentence', () => {
  expect(new Set(rules.map((it) => it.alert)).size).toBe(rules.length)
  for (const rule of rules) {
    expect(['page', 'ticket'], rule.alert).toContain(rule.labels.severity)
    expect(rule.annotations.summary, rule.alert).not.toBe('')
    if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+[smh]$/)
  }
})

test('parentheses, braces and quotes of every expression close', () => {
  const open = { ')': '(', '}': '{', ']': '[' } as Record<string, string>
  for (const expr of expressions) {
    const stack: string[] = []
    for (const sign of expr.replace(/"[^"]*"/g, '')) {
      if (Object.values(open).includes(sign)) stack.push(sign)
      else if (sign in open) expect(stack.pop(), expr).toBe(open[sign])
    }
    expect(stack, expr).toEqual([])
    expect(expr.split('"').length % 2, expr).toBe(1)
  }
})
