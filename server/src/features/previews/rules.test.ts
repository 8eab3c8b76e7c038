import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Catalogue, type Feature, type Stage, stages } from '../catalogue/rules.ts'
import { evaluate, isListed, isOn, isSeen, mayChoose, nextChoice, type Standing, versionOf } from './rules.ts'

const keys = ['a', 'b', 'c', 'd', 'e'] as const

const feature = (key: string, stage: Stage = 'public_preview', more: Partial<Feature> = {}): Feature => ({
  key,
  name: key.toUpperCase(),
  description: '',
  stage,
  documentationUrl: null,
  feedbackUrl: null,
  since: null,
  plannedEnd: null,
  requires: [],
  organizations: [],
  ...more,
})
const of = (...features: Feature[]): Catalogue => ({ features, number: 1 })
const acme = (...chosen: string[]): Standing => ({ id: 'org_1', slug: 'acme', chosen: new Set(chosen) })

/** Without circles: each requires features that stand before it alone, some of which may not be there. */
const catalogues: fc.Arbitrary<Catalogue> = fc
  .tuple(
    ...keys.map((key, i) =>
      fc.record({
        there: fc.boolean(),
        stage: fc.constantFrom(...stages),
        requires: fc.subarray(keys.slice(0, i)),
        organizations: fc.subarray(['org_1', 'acme', 'globex']),
        key: fc.constant(key),
      }),
    ),
  )
  .map((all) => of(...all.filter((it) => it.there).map(({ key, stage, ...it }) => feature(key, stage, it))))
const standings = fc.subarray([...keys]).map((chosen) => acme(...chosen))

/** F2–F4 once more, from their text: whatever could be on, less what rests on something that is not, until nothing falls. */
function modelOn({ features }: Catalogue, by: Standing): Set<string> {
  const named = (it: Feature) => it.organizations.some((name) => name === 'org_1' || name === 'acme')
  const forAll = features.filter((it) => it.stage === 'general_availability')
  const could = features.filter(
    (it) => by.chosen.has(it.key) && (it.stage === 'public_preview' || (it.stage === 'private_preview' && named(it))),
  )
  const on = new Set([...forAll, ...could].map((it) => it.key))
  for (let fell = true; fell; ) {
    const falling = could.filter((it) => on.has(it.key) && !it.requires.every((key) => on.has(key)))
    for (const it of falling) on.delete(it.key)
    fell = falling.length > 0
  }
  return on
}

const onIn = (catalogue: Catalogue, by: Standing) =>
  new Set(catalogue.features.filter((it) => isOn(it, catalogue, by)).map((it) => it.key))
const listedIn = ({ features }: Catalogue, by: Standing) =>
  features.filter((it) => isListed(it, by)).map((it) => it.key)

describe('what is on', () => {
  test('F3, F4: as the model says, whatever the catalogue and the choice', () => {
    fc.assert(
      fc.property(catalogues, standings, (catalogue, by) => {
        expect(onIn(catalogue, by)).toEqual(modelOn(catalogue, by))
      }),
      { numRuns: 1000 },
    )
  })

  test('F4: requirements count through others, and through those that are on for all', () => {
    const line = of(
      feature('a'),
      feature('b', 'general_availability', { requires: ['a'] }),
      feature('c', 'public_preview', { requires: ['b'] }),
      feature('d', 'public_preview', { requires: ['a'] }),
      feature('e', 'public_preview', { requires: ['d'] }),
    )
    expect(onIn(line, acme('c', 'd', 'e'))).toEqual(new Set(['b', 'c']))
    expect(onIn(line, acme('a', 'd', 'e'))).toEqual(new Set(['a', 'b', 'd', 'e']))
  })

  test('a long web of requirements is asked once per feature, not once per way through it', () => {
    const layers = Array.from({ length: 60 }, (_, i) =>
      [0, 1].map((n) =>
        feature(`l${i}-${n}`, 'public_preview', { requires: i === 0 ? [] : [`l${i - 1}-0`, `l${i - 1}-1`] }),
      ),
    ).flat()
    const all = of(...layers)
    expect(onIn(all, acme(...layers.map((it) => it.key))).size).toBe(120)
  })

  test('F2: a private preview is there for the organizations that it names, by id or slug, and for no other', () => {
    const secret = (organizations: string[]) => feature('a', 'private_preview', { organizations })
    for (const [names, there] of [
      [['org_1'], true],
      [['acme'], true],
      [['globex', 'acme'], true],
      [['globex'], false],
      [['ACME'], false],
      [[], false],
    ] as const) {
      const it = secret([...names])
      const answers = [isSeen(it, acme()), isListed(it, acme()), isOn(it, of(it), acme('a'))]
      expect(answers, String(names)).toEqual([there, there, there])
    }
  })

  test('F4: what is general or withdrawn is seen by all and listed for nobody', () => {
    for (const stage of ['general_availability', 'withdrawn'] as const) {
      for (const organizations of [[], ['acme']]) {
        const it = feature('a', stage, { organizations })
        expect([isSeen(it, acme()), isListed(it, acme())]).toEqual([true, false])
      }
    }
  })

  test('F6: value, variant and reason of each stage', () => {
    const all = of(
      feature('p'),
      feature('q'),
      feature('g', 'general_availability'),
      feature('w', 'withdrawn'),
      feature('r', 'public_preview', { requires: ['q'] }),
    )
    const told = all.features.map((it) => Object.values(evaluate(it, all, acme('p', 'g', 'w', 'r'))))
    expect(told).toEqual([
      [true, 'on', 'TARGETING_MATCH'],
      [false, 'off', 'STATIC'],
      [true, 'on', 'STATIC'],
      [false, 'off', 'DISABLED'],
      [false, 'off', 'STATIC'],
    ])
  })
})

test('F8: the version grows with the choice and with the catalogue', () => {
  const at = (version: number, number: number) => versionOf({ features: [], number }, { ...acme(), version })
  expect([at(3, 5), at(4, 5), at(3, 6)]).toEqual([8, 9, 9])
})

describe('choosing', () => {
  /** A save that an admin could make of what is listed, and perhaps one of what is not. */
  const saves = fc
    .tuple(catalogues, standings)
    .chain(([catalogue, by]) =>
      fc.record({ catalogue: fc.constant(catalogue), by: fc.constant(by), wanted: fc.subarray([...keys]) }),
    )

  test('F4: choices of what is not listed stay, and the others are what is wanted', () => {
    fc.assert(
      fc.property(saves, ({ catalogue, by, wanted }) => {
        fc.pre(mayChoose(catalogue, by, wanted).ok)
        const listed = new Set(listedIn(catalogue, by))
        const after = nextChoice(catalogue, by, wanted)
        expect([...after].filter((key) => !listed.has(key)).sort()).toEqual(
          [...by.chosen].filter((key) => !listed.has(key)).sort(),
        )
        expect([...after].filter((key) => listed.has(key)).sort()).toEqual([...wanted].sort())
      }),
      { numRuns: 1000 },
    )
  })

  test('F4: a save is refused for what is not listed and for what would be chosen and yet off, at its place', () => {
    fc.assert(
      fc.property(saves, ({ catalogue, by, wanted }) => {
        const listed = listedIn(catalogue, by)
        const on = modelOn(catalogue, { ...by, chosen: nextChoice(catalogue, by, wanted) })
        const before = modelOn(catalogue, by)
        const wrong = wanted.findIndex(
          (key) => !listed.includes(key) || (!on.has(key) && (!by.chosen.has(key) || before.has(key))),
        )
        const said = mayChoose(catalogue, by, wanted)
        expect(said.ok ? -1 : said.errors?.[0]?.path).toBe(wrong < 0 ? -1 : `enabled.${wrong}`)
      }),
      { numRuns: 1000 },
    )
  })

  test('F4: unselecting is always allowed, with all that rests on it', () => {
    fc.assert(
      fc.property(catalogues, standings, fc.constantFrom(...keys), (catalogue, by, gone) => {
        const restsOn = (key: string): boolean =>
          key === gone || (catalogue.features.find((it) => it.key === key)?.requires.some(restsOn) ?? false)
        const left = listedIn(catalogue, by).filter((key) => by.chosen.has(key) && !restsOn(key))
        expect(mayChoose(catalogue, by, left)).toEqual({ ok: true, value: undefined })
      }),
      { numRuns: 1000 },
    )
  })

  test('F4: unselecting what another needs, and keeping that one, is refused', () => {
    const two = of(feature('a'), feature('b', 'public_preview', { requires: ['a'] }))
    const refused = { ok: false, code: 'invalid_request', errors: [{ path: 'enabled.0', message: expect.any(String) }] }
    expect(mayChoose(two, acme('a', 'b'), ['b'])).toMatchObject(refused)
    expect(mayChoose(two, acme(), ['b'])).toMatchObject(refused)
    expect(mayChoose(two, acme(), ['b', 'a'])).toMatchObject({ ok: true })
  })

  test('a refusal says what is needed by name, or that there is nothing to choose', () => {
    const needy = feature('c', 'public_preview', { requires: ['a', 'b', 'gone'] })
    const all = of(feature('a', 'public_preview', { name: 'Charts' }), feature('b'), needy)
    const messageOf = (...wanted: string[]) => {
      const said = mayChoose(all, acme(), wanted)
      return said.ok ? undefined : said.errors?.[0]?.message
    }
    expect(messageOf('c')).toBe('It needs other features that are not on: Charts, B, gone.')
    expect(messageOf('x')).toMatch(/no such/)
    expect(messageOf('a', 'a')).toMatch(/twice/)
  })

  test('a key that stands there twice is refused at its second place', () => {
    const said = mayChoose(of(feature('a')), acme(), ['a', 'a'])
    expect(said).toMatchObject({ ok: false, errors: [{ path: 'enabled.1' }] })
  })
})
