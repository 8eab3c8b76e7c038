import { expect, test } from 'vitest'
import { organizationA } from '../../../test/gate-server.ts'
import type { Catalogue } from '../catalogue/rules.ts'
import { ownFeatures } from '../catalogue/rules.ts'
import type { VersionedStanding } from '../previews/rules.ts'
import { buildEvaluations } from './actions.ts'

const standing = (): VersionedStanding => ({
  id: organizationA,
  slug: 'a',
  chosen: new Set(['command-palette']),
  version: 1,
})

function evaluations(
  standingOf: (idOrSlug: string) => VersionedStanding | undefined | Promise<VersionedStanding | undefined>,
) {
  const world = { catalogue: { features: ownFeatures, number: 1 } as Catalogue, nowMs: 0 }
  const built = buildEvaluations({
    catalogue: { current: () => world.catalogue },
    previews: { standingOf },
    secrets: ['a secret'],
    publicUrl: 'https://portcullis.example',
    now: () => world.nowMs,
  })
  return { world, ...built }
}

test('answers are composed once for a standing, a catalogue and an hour, and by id and slug alike', () => {
  const remembered = standing()
  const { world, answersFor } = evaluations(() => remembered)
  const first = answersFor(organizationA)
  expect(answersFor('a')).toBe(first)
  world.nowMs += 3_599_999
  expect(answersFor(organizationA)).toBe(first)
  world.nowMs += 1
  const later = answersFor(organizationA)
  expect(later).not.toBe(first)
  world.catalogue = { ...world.catalogue, number: 2 }
  expect(answersFor(organizationA)).not.toBe(later)
  expect(answersFor(organizationA)).toMatchObject({ version: 3 })
})

test('N3: what memory forgot is composed anew', () => {
  const { answersFor } = evaluations(standing)
  expect(answersFor(organizationA)).not.toBe(answersFor(organizationA))
  expect(answersFor(organizationA)).toEqual({
    ...(answersFor(organizationA) as object),
    one: expect.any(Function),
    bulkFor: expect.any(Function),
  })
})

test('where the database is asked, the answer comes later; nobody is nobody', async () => {
  const { answersFor } = evaluations(async (name) => (name === 'a' ? standing() : undefined))
  expect(answersFor('a')).toBeInstanceOf(Promise)
  expect(await answersFor('a')).toMatchObject({ organizationId: organizationA, version: 2 })
  expect(await answersFor('b')).toBeUndefined()
})
