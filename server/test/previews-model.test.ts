import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from './databases.ts'
import { type As, harness, resourceKey } from './harness.ts'
import { listen } from './listen.ts'

/* Random choices of two organizations and random catalogues against a tiny model of F1–F4 and F8, written from their text. */

/** Sequences per database; a night's run sets more. */
const runs = Number(process.env.PORTCULLIS_MODEL_RUNS ?? 100)
const keys = ['alpha', 'beta', 'gamma', 'token-insights'] as const
const maturity = ['withdrawn', 'private_preview', 'public_preview', 'general_availability'] as const

interface ModelFeature {
  key: string
  stage: (typeof maturity)[number]
  requires: string[]
  /** Which of the two organizations it names. */
  named: number[]
}

const own: ModelFeature[] = ['token-insights', 'command-palette'].map((key) => ({
  key,
  stage: 'public_preview',
  requires: [],
  named: [],
}))

const features = fc
  .tuple(
    ...keys.map((key, i) =>
      fc.record({
        key: fc.constant(key),
        there: fc.boolean(),
        stage: fc.constantFrom(...maturity),
        requires: fc.subarray(keys.slice(0, i)),
        named: fc.subarray([0, 1]),
      }),
    ),
  )
  .map((all) => all.filter((it) => it.there).map(({ there: _, ...it }) => it))

const organization = fc.nat(1)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('choose' as const),
      organization,
      by: fc.constantFrom('admin' as const, 'admin' as const, 'admin' as const, 'member' as const),
      wanted: fc.subarray([...keys, 'command-palette', 'nothing']),
      /** Else only what can be chosen is asked for. */
      isWild: fc.boolean(),
      isStale: fc.integer({ min: 0, max: 4 }).map((it) => it === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('publish' as const), features }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('spoil' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

interface Model {
  features: ModelFeature[]
  chosen: [Set<string>, Set<string>]
}

const isListed = (it: ModelFeature, org: number) =>
  it.stage === 'public_preview' || (it.stage === 'private_preview' && it.named.includes(org))

/** F1: a catalogue whose features rest on what is missing or less mature is broken. */
const isBroken = (published: readonly ModelFeature[]) =>
  published.some((it) =>
    it.requires.some((key) => {
      const needed = [...published, ...own].find((other) => other.key === key)
      return !needed || maturity.indexOf(needed.stage) < maturity.indexOf(it.stage)
    }),
  )

function isOn(model: Model, org: number, it: ModelFeature, chosen = model.chosen[org]!): boolean {
  if (it.stage === 'general_availability') return true
  if (!isListed(it, org) || !chosen.has(it.key)) return false
  return it.requires.every((key) => isOn(model, org, model.features.find((other) => other.key === key)!, chosen))
}

/** What is chosen after a save, or undefined when it is refused. */
function afterSave(model: Model, org: number, wanted: readonly string[]): Set<string> | undefined {
  const listed = model.features.filter((it) => isListed(it, org))
  const before = model.chosen[org]!
  const after = new Set([...before].filter((key) => !listed.some((it) => it.key === key)).concat(wanted))
  for (const key of wanted) {
    const it = listed.find((other) => other.key === key)
    if (!it) return undefined
    const wasIdle = before.has(key) && !isOn(model, org, it)
    if (!isOn(model, org, it, after) && !wasIdle) return undefined
  }
  return after
}

/** Of what is wanted, what can be chosen together. */
function tame(model: Model, org: number, wanted: readonly string[]): string[] {
  const listed = wanted.filter((key) => model.features.some((it) => it.key === key && isListed(it, org)))
  for (let kept = listed; ; kept = kept.slice(0, -1)) if (afterSave(model, org, kept)) return kept
}

/** OFREP's table: what an organization is told of each feature that it may see. */
const flagsOf = (model: Model, org: number) =>
  model.features
    .filter((it) => it.stage !== 'private_preview' || it.named.includes(org))
    .map((it) => {
      const value = isOn(model, org, it)
      const reason =
        it.stage === 'withdrawn'
          ? 'DISABLED'
          : value && it.stage !== 'general_availability'
            ? 'TARGETING_MATCH'
            : 'STATIC'
      return { key: it.key, value, variant: value ? 'on' : 'off', reason }
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))

async function world(database: TestDatabase) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-previews-model-'))
  const featuresFile = join(folder, 'features.yaml')
  writeFileSync(featuresFile, 'features: []')
  const app = await harness(database, { featuresFile })
  const server = await listen(app)
  const orgs = [await app.newOrganization('Acme'), await app.newOrganization('Globex')] as const
  const members = [await orgs[0].newMember(), await orgs[1].newMember()] as const
  const { slug } = (await app.call('GET', orgs[1].path, { as: orgs[1].admin })).body
  const names = [orgs[0].id, slug as string]
  const latest = [0, 0]
  let model: Model

  const publish = async (text: string) => {
    writeFileSync(featuresFile, text)
    await app.catalogue.look()
  }
  const textOf = (published: readonly ModelFeature[]) =>
    JSON.stringify({
      features: published.map(({ key, stage, requires, named }) => ({
        key,
        name: key,
        description: key,
        stage,
        requires,
        ...(stage === 'private_preview' && { organizations: named.map((org) => names[org]) }),
      })),
    })
  const list = (org: 0 | 1, as: As = orgs[org].admin) =>
    server.call('GET', `${orgs[org].path}/preview-features`, { as })
  const save = (org: 0 | 1, as: As, enabled: readonly string[], version: number) =>
    server.call('PUT', `${orgs[org].path}/preview-features`, {
      as,
      body: { enabled },
      headers: { 'if-match': `"${version}"` },
    })

  const reset = async () => {
    await database.owner.deleteFrom('preview_choices').execute()
    app.previews.forget('everything')
    await publish('features: []')
    model = { features: own, chosen: [new Set(), new Set()] }
  }

  const run = async (it: Step) => {
    if (it.kind === 'spoil') return publish('features: [{ key: alpha }]')
    if (it.kind === 'publish') {
      const { features: published } = it
      await publish(textOf(published))
      if (isBroken(published)) return
      model.features = [...published, ...own.filter((mine) => published.every((other) => other.key !== mine.key))]
      return
    }
    const org = it.organization as 0 | 1
    const { version } = (await list(org)).body
    const as = it.by === 'admin' ? orgs[org].admin : members[org]
    const wanted = it.isWild ? it.wanted : tame(model, org, it.wanted)
    const answer = await save(org, as, wanted, it.isStale ? version - 1 : version)
    const after = afterSave(model, org, wanted)
    const expected = it.by === 'member' ? 403 : !after ? 422 : it.isStale ? 412 : 200
    expect(answer.status).toBe(expected)
    if (expected === 200) model.chosen[org] = after!
  }

  /** What is told of a place that is off or on is the same by every door, and versions only grow. */
  const compare = async () => {
    for (const org of [0, 1] as const) {
      const listed = (await list(org, members[org])).body
      const told = listed.features.map((it: { key: string; enabled: boolean }) => [it.key, it.enabled])
      const wanted = model.features.filter((it) => isListed(it, org))
      expect(told).toEqual(wanted.map((it) => [it.key, model.chosen[org].has(it.key)]))
      const stored = await database.owner
        .selectFrom('preview_choices')
        .select('feature_key')
        .where('organization_id', '=', orgs[org].id)
        .execute()
      expect(new Set(stored.map((it) => it.feature_key))).toEqual(model.chosen[org])
      const all = await server.call('POST', '/ofrep/v1/evaluate/flags', {
        headers: { 'x-api-key': resourceKey },
        body: { context: { organization: names[org] } },
      })
      const flags = all.body.flags
        .map(({ metadata: _, ...flag }: { key: string; metadata: unknown }) => flag)
        .sort((a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1))
      expect(flags).toEqual(flagsOf(model, org))
      expect(all.body.metadata.version).toBe(listed.version)
      expect(listed.version).toBeGreaterThanOrEqual(latest[org]!)
      latest[org] = listed.version
      const insights = model.features.find((it) => it.key === 'token-insights')
      const usage = await server.call('GET', `${orgs[org].path}/tokens/usage`, { as: members[org] })
      expect(usage.status).toBe(insights && isOn(model, org, insights) ? 200 : 404)
    }
  }

  const close = async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  }
  return { reset, run, compare, close }
}

describeOnBoth('preview features against the model', (open) => {
  test(`${runs} random sequences`, { timeout: 20 * 60_000 }, async () => {
    const both = await world(await open())
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 1, maxLength: 12, size: 'max' }), async (steps) => {
          for (const one of steps) {
            await both.run(one)
            await both.compare()
          }
        })
        .beforeEach(both.reset),
      { numRuns: runs, endOnFailure: false },
    )
    await both.close()
  })
})
