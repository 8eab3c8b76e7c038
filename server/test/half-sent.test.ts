import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { type Actor, type ActorKind, actorKinds, type Deprivation } from './half-sent-actors.ts'
import { failOnEarlyReply, type Held } from './half-sent-client.ts'
import {
  audienceOf,
  exempt,
  managementOperations,
  type Operation,
  operations,
  prepareManagement,
  signInOperations,
} from './half-sent-operations.ts'
import { type HalfSentWorld, openHalfSentWorld } from './half-sent-world.ts'

test('every changing operation of openapi.json is covered, or exempt with a reason', () => {
  const covered = [...managementOperations, ...signInOperations].map(({ id }) => id)
  expect([...covered, ...Object.keys(exempt)].sort()).toEqual(operations.map(({ id }) => id).sort())
})

/**
 * Brings requests so far that the caller is judged and nothing is changed: of those with a body the last byte is
 * missing, of the others the answer to who is calling is on its way.
 */
async function holdAll(world: HalfSentWorld, actor: Actor, all: readonly Operation[]): Promise<Held[]> {
  const prepared = new Map(
    await Promise.all(
      all.map(async (operation) => [operation, await prepareManagement(world, operation, actor)] as const),
    ),
  )
  const openAll = (some: readonly Operation[]): Held[] =>
    some.map((operation) => ({ operation, request: world.open(prepared.get(operation)!, actor.as) }))
  const wait = (held: Held[], arrived: Promise<void>) =>
    held.length === 0 ? undefined : Promise.race([arrived, failOnEarlyReply(held)])
  const [withBody, withoutBody] = [all.filter(({ hasBody }) => hasBody), all.filter(({ hasBody }) => !hasBody)]
  world.hold.begin()
  const late = openAll(withoutBody)
  await wait(late, world.hold.arrived.reached(late.length))
  world.hold.end()
  world.bodies.reset()
  const halfSent = openAll(withBody)
  await wait(halfSent, world.bodies.reached(halfSent.length))
  return [...late, ...halfSent]
}

async function completeAll(world: HalfSentWorld, held: readonly Held[]): Promise<Record<string, number>> {
  world.hold.release()
  for (const { request } of held) request.complete()
  const replies = await Promise.all(
    held.map(async ({ operation, request }) => [operation.id, (await request.reply).status] as const),
  )
  return Object.fromEntries(replies)
}

const isAllowed = (kind: ActorKind) => (operation: Operation) => kind.audiences.includes(audienceOf(operation)!)

function expectedStatus({ expected, expectedWithoutBody }: Deprivation, operation: Operation) {
  const byAudience = operation.hasBody ? expected : (expectedWithoutBody ?? expected)
  return byAudience[audienceOf(operation)!]
}

describeOnBoth('requests under way', (open) => {
  let world: HalfSentWorld
  beforeAll(async () => {
    world = await openHalfSentWorld(await open())
    return () => world.close()
  })
  afterEach(async () => {
    world.hold.end()
    world.hold.release()
    await world.stage.org.setCreation({ creation: 'all' })
    await world.clearRateLimits()
  })

  describe.each(actorKinds.map((kind) => [kind.title, kind] as const))('of %s', (_, kind) => {
    const allowed = managementOperations.filter(isAllowed(kind))
    // An organization has at most 20 providers.
    beforeAll(() => world.renewStage())

    test('2xx when nothing is taken away', async () => {
      const actor = await kind.create(world)
      const held = await holdAll(world, actor, allowed)
      const statuses = await completeAll(world, held)
      for (const [id, status] of Object.entries(statuses)) expect([200, 201, 204], `${id}: ${status}`).toContain(status)
    })

    test.each(kind.deprivations.map((way) => [way.title, way] as const))(
      'refused, and no event is written, when %s',
      async (_title, way) => {
        const affected = allowed.filter((operation) => way.expected[audienceOf(operation)!] !== undefined)
        const actor = await kind.create(world)
        const held = await holdAll(world, actor, affected)
        await way.apply(world, actor)
        const before = await world.settledSequence()
        const statuses = await completeAll(world, held)
        const expected = affected.map((operation) => [operation.id, expectedStatus(way, operation)])
        expect(statuses).toEqual(Object.fromEntries(expected))
        expect(await world.settledSequence()).toBe(before)
      },
    )
  })

  test('404, and no event, for whichever of 48 requests in the queue comes after the removal', async () => {
    await world.renewStage()
    const { org } = world.stage
    const actor = await org.newMember('admin')
    const groups = await Promise.all(Array.from({ length: 24 }, () => org.newGroup()))
    const prepared = groups.flatMap((id) => [
      { method: 'DELETE', path: `${org.path}/groups/${id}` },
      { method: 'POST', path: `${org.path}/groups`, body: { name: `After ${id}` } },
    ])
    world.hold.begin()
    const requests = prepared.map((request) => world.open(request, actor))
    for (const { complete } of requests) complete()
    await world.hold.arrived.reached(requests.length)
    world.hold.end()
    // All 48 were let in. They and the removal now wait for the organization's lock.
    world.hold.release()
    const removal = world.open({ method: 'DELETE', path: `${org.path}/members/${actor.accountId}` }, org.admin)
    expect((await removal.reply).status).toBe(204)
    const statuses = (await Promise.all(requests.map(({ reply }) => reply))).map(({ status }) => status)
    const [removed] = await org.events(`?action=member.removed&targetId=${actor.accountId}`)
    const byActor = await org.events(`?actorId=${actor.accountId}&limit=100`)
    const events = byActor.filter(({ action }) => action.startsWith('group.'))
    expect(events.filter(({ sequence }) => Number(sequence) > Number(removed?.sequence))).toEqual([])
    expect(statuses.filter((status) => status < 300)).toHaveLength(events.length)
    expect(statuses.filter((status) => status === 404)).toHaveLength(requests.length - events.length)
    expect(statuses).toContain(404)
  })
})
