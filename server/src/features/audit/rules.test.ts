import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AuditRecord,
  type ChainEnd,
  type ChainLink,
  canonicalJson,
  chainHash,
  chainStart,
  faultOfLink,
} from './rules.ts'

const anyRecord = fc.record({
  actor: fc.record({
    kind: fc.constantFrom('member' as const, 'operator' as const),
    id: fc.option(fc.string()),
    name: fc.string(),
  }),
  action: fc.string(),
  before: fc.option(fc.jsonValue()),
  after: fc.option(fc.jsonValue()),
  ip: fc.option(fc.ipV4()),
  userAgent: fc.option(fc.string()),
})

/** A chain of events as `change` writes it. */
function chainOf(contents: readonly Partial<AuditRecord>[]): ChainLink[] {
  let previousHash = ''
  return contents.map((content, i) => {
    const record: AuditRecord = {
      id: `evt_${i}`,
      organizationId: 'org_1',
      sequence: i + 1,
      time: new Date(i * 1000).toISOString(),
      actor: { kind: 'member', id: 'mem_1', name: 'Ada' },
      action: 'token.created',
      target: { kind: 'token', id: 'tok_1', name: 'ci' },
      before: null,
      after: null,
      ip: null,
      userAgent: null,
      requestId: null,
      ...content,
    }
    const foundBy = { actorId: record.actor.id, targetId: record.target.id }
    const link = { record, previousHash, hash: chainHash(previousHash, record), foundBy }
    previousHash = link.hash
    return link
  })
}

/** Where the walk stops, as `verifyChain` walks. */
function firstFault(links: readonly ChainLink[]) {
  let end: ChainEnd = chainStart
  for (const link of links) {
    const fault = faultOfLink(end, link)
    if (fault) return fault
    end = { sequence: link.record.sequence, hash: link.hash }
  }
  return undefined
}

const anyChain = fc.array(anyRecord, { minLength: 2, maxLength: 12 }).map(chainOf)
const anyChainAndPlace = anyChain.chain((links) => fc.tuple(fc.constant(links), fc.nat(links.length - 2)))

describe('A2: the chain', () => {
  test('what was written verifies, also after a trip through JSON', () => {
    fc.assert(
      fc.property(anyChain, (links) => {
        expect(firstFault(JSON.parse(JSON.stringify(links)))).toBeUndefined()
      }),
    )
  })

  test('an altered event is found at its place, whichever member was altered', () => {
    const members = ['id', 'time', 'action', 'userAgent', 'ip', 'requestId', 'organizationId'] as const
    fc.assert(
      fc.property(anyChainAndPlace, fc.constantFrom(...members), ([links, at], member) => {
        const altered = links.map((it, i) =>
          i === at ? { ...it, record: { ...it.record, [member]: `${it.record[member]}!` } } : it,
        )
        expect(firstFault(altered)).toEqual({ sequence: at + 1, fault: 'altered' })
      }),
    )
  })

  test('an altered event with a hash that fits breaks the link to the next one', () => {
    fc.assert(
      fc.property(anyChainAndPlace, ([links, at]) => {
        const forged = links.map((it, i) => {
          const record = { ...it.record, action: 'nothing.happened' }
          return i === at ? { ...it, record, hash: chainHash(it.previousHash, record) } : it
        })
        expect(firstFault(forged)).toEqual({ sequence: at + 2, fault: 'out_of_place' })
      }),
    )
  })

  test('a removed event is missed, also when those after it move up', () => {
    fc.assert(
      fc.property(anyChainAndPlace, ([links, at]) => {
        const gap = links.filter((_, i) => i !== at)
        expect(firstFault(gap)).toEqual({ sequence: at + 1, fault: 'missing' })
        const closed = gap.map((it, i) => ({ ...it, record: { ...it.record, sequence: i + 1 } }))
        expect(firstFault(closed)?.sequence).toBe(at + 1)
      }),
    )
  })

  test('two events that changed places are found', () => {
    fc.assert(
      fc.property(anyChainAndPlace, ([links, at]) => {
        const swapped = [...links]
        const [one, two] = [links[at], links[at + 1]] as [ChainLink, ChainLink]
        swapped[at] = { ...two, record: { ...two.record, sequence: at + 1 } }
        swapped[at + 1] = { ...one, record: { ...one.record, sequence: at + 2 } }
        expect(firstFault(swapped)?.sequence).toBe(at + 1)
      }),
    )
  })
})

test('canonical JSON: the order of members and the absent ones make no difference', () => {
  expect(canonicalJson({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}')
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (it) => {
      const turned = Object.fromEntries(Object.entries(it).reverse())
      expect(canonicalJson(turned)).toBe(canonicalJson(it))
      expect(JSON.parse(canonicalJson(it))).toEqual(JSON.parse(JSON.stringify(it)))
    }),
  )
})
