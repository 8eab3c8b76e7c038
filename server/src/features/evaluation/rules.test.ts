import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Catalogue, Feature, Stage } from '../catalogue/rules.ts'
import type { VersionedStanding } from '../previews/rules.ts'
import { bulkOf, etagOf, flagsOf, hourOf, isUnchanged, namesTag, readTicket, ticketKey, ticketOf } from './rules.ts'

const organizationA = 'org_01jd7z0000e1a8m3r5t7v9x1z3'
const organizationB = 'org_01jd7z0000e1a8m3r5t7v9x1z4'

const feature = (key: string, stage: Stage, over: Partial<Feature> = {}): Feature => ({
  key,
  name: `The ${key}`,
  description: '',
  stage,
  documentationUrl: null,
  feedbackUrl: null,
  since: null,
  plannedEnd: null,
  requires: [],
  organizations: [],
  ...over,
})

const catalogue: Catalogue = {
  number: 7,
  features: [
    feature('chosen', 'public_preview', {
      documentationUrl: 'https://docs.example/chosen',
      feedbackUrl: 'https://feedback.example',
      since: '2026-01-02',
      plannedEnd: '2026-12-31',
    }),
    feature('left', 'public_preview'),
    feature('private', 'private_preview', { organizations: [organizationA] }),
    feature('theirs', 'private_preview', { organizations: [organizationB] }),
    feature('everybody', 'general_availability'),
    feature('gone', 'withdrawn'),
  ],
}

const a: VersionedStanding = {
  id: organizationA,
  slug: 'a',
  chosen: new Set(['chosen', 'private', 'gone']),
  version: 3,
}

describe('F6: the flags of an organization', () => {
  const flags = flagsOf(catalogue, a)
  const flag = (key: string) => flags.find((it) => it.key === key)

  test('values and reasons follow choice and stage; what it may not see is not there', () => {
    expect(flags.map(({ key, value, variant, reason }) => [key, value, variant, reason])).toEqual([
      ['chosen', true, 'on', 'TARGETING_MATCH'],
      ['left', false, 'off', 'STATIC'],
      ['private', true, 'on', 'TARGETING_MATCH'],
      ['everybody', true, 'on', 'STATIC'],
      ['gone', false, 'off', 'DISABLED'],
    ])
  })

  test('F5: metadata holds what a tag shows, and leaves out what is not there', () => {
    expect(flag('chosen')?.metadata).toEqual({
      stage: 'public_preview',
      badge: 'Preview',
      title: 'The chosen',
      docsUrl: 'https://docs.example/chosen',
      feedbackUrl: 'https://feedback.example',
      since: '2026-01-02',
      plannedEnd: '2026-12-31',
      flagSetId: organizationA,
      version: 10,
    })
    expect(flag('everybody')?.metadata).toEqual({
      stage: 'general_availability',
      title: 'The everybody',
      flagSetId: organizationA,
      version: 10,
    })
    expect(flag('private')?.metadata.badge).toBe('Preview')
    expect(flag('gone')?.metadata).not.toHaveProperty('badge')
  })

  test('metadata values are scalars, since clients drop all others', () => {
    for (const { metadata } of flags)
      for (const value of Object.values(metadata)) expect(['string', 'number']).toContain(typeof value)
  })

  test('the bulk answer names the set, its version and the stream', () => {
    expect(bulkOf(catalogue, a, flags, 'https://x/s')).toEqual({
      flags,
      metadata: { flagSetId: organizationA, version: 10 },
      eventStreams: [{ type: 'sse', url: 'https://x/s', inactivityDelaySec: 120 }],
    })
  })
})

describe('If-None-Match in every legal spelling (RFC 9110 §13.1.2)', () => {
  const etag = etagOf('a body')

  test('a tag is strong, quoted, and another for other bytes', () => {
    expect(etag).toMatch(/^"[\w-]{27}"$/)
    expect(etagOf('another body')).not.toBe(etag)
  })

  test.each([
    ['alone', etag],
    ['weak', `W/${etag}`],
    ['any', '*'],
    ['any, with spaces', ' * '],
    ['first of a list', `${etag}, "x"`],
    ['last of a list', `"x",${etag}`],
    ['in a list of weak ones', `W/"x" , W/${etag} ,W/"y"`],
    ['beside tags with commas and spaces inside', `"a,b", "c , d",${etag}`.replace('c , d', 'c,,d')],
    ['beside an empty tag', `"",${etag}`],
    ['repeated', `${etag}, ${etag}`],
    ['among empty elements', `,, ${etag} , ,`],
    ['beside tags of any byte', `"\u0080\u00ff!#", ${etag}`],
  ])('named: %s', (_how, header) => {
    expect(namesTag(header, etag)).toBe(true)
  })

  test.each([
    ['nothing', undefined],
    ['empty', ''],
    ['another', '"x"'],
    ['without quotes', etag.slice(1, -1)],
    ['in small w', `w/${etag}`],
    ['inside another tag', `"x${etag.slice(1, -1)}"`],
    ['with its neighbour unquoted', `x, ${etag}`],
    ['without a comma', `"x" ${etag}`],
    ['with any, which is no list', `*, ${etag}`],
    ['cut short', etag.slice(0, -1)],
  ])('not named: %s', (_how, header) => {
    expect(namesTag(header, etag)).toBe(false)
  })

  test.each(['-gzip', '--gzip', ';br', '-br', '-zstd', ';gz', '-gzip;br', ';;;'])(
    'named, as a proxy that compresses extended it: %s',
    (suffix) => {
      const opaque = etag.slice(1, -1)
      for (const own of [opaque, `${opaque}-br`]) {
        expect(namesTag(`"${own}${suffix}"`, `"${own}"`)).toBe(true)
        expect(namesTag(`"x", W/"${own}${suffix}"`, `"${own}"`)).toBe(true)
        const flagConfigEtags = [`"${own}${suffix}"`, `${own}${suffix}`]
        expect(isUnchanged(`"${own}"`, { ifNoneMatch: '*', flagConfigEtags })).toBe(true)
      }
      expect(namesTag(`"${opaque}${suffix}x"`, etag)).toBe(false)
      expect(namesTag(`"x${suffix}"`, etag)).toBe(false)
    },
  )

  test('a long list of nonsense is looked through in no time', () => {
    const startedAt = process.cpuUsage().user
    namesTag(`${'"x",'.repeat(8000)}${','.repeat(16_000)}x`, etag)
    namesTag(`${' '.repeat(32_000)}"`, etag)
    namesTag(`"${'-br'.repeat(10_000)}"`, etag)
    expect(process.cpuUsage().user - startedAt).toBeLessThan(1_000_000)
  })

  test('an event that names another state wants the answer in full', () => {
    const asks = (...flagConfigEtags: string[]) => isUnchanged(etag, { ifNoneMatch: etag, flagConfigEtags })
    expect(asks()).toBe(true)
    for (const same of [etag, `W/${etag}`, etag.slice(1, -1)]) expect(asks(same)).toBe(true)
    expect(asks('"x"')).toBe(false)
    expect(asks(etag, '"x"')).toBe(false)
    expect(isUnchanged(etag, { ifNoneMatch: '*', flagConfigEtags: ['x'] })).toBe(false)
    // Only what stands around the whole tag is taken off.
    for (const [tag, other] of [
      ['"abc"', '"abW/c"'],
      ['"xabc"', 'x"abc"'],
      ['"abcx"', '"abc"x'],
    ] as const)
      expect(isUnchanged(tag, { ifNoneMatch: tag, flagConfigEtags: [other] })).toBe(false)
    expect(isUnchanged(etag, { ifNoneMatch: undefined, flagConfigEtags: [etag] })).toBe(false)
  })
})

describe('tickets', () => {
  const hourMs = 3_600_000
  const now = Date.parse('2026-11-24T10:20:00Z')
  const keys = [ticketKey('the newest secret'), ticketKey('an older secret')]
  const [newest, older] = keys as [Buffer, Buffer]
  const ownerA = { organizationId: organizationA }
  const accountId = 'mem_01jd7z0000e1a8m3r5t7v9x1z3'
  const ticket = ticketOf(newest, ownerA, hourOf(now))
  const ofAccount = ticketOf(newest, { ...ownerA, accountId }, hourOf(now))

  test('the same within an hour, another in the next and for another organization', () => {
    expect(ticketOf(newest, ownerA, hourOf(now + 39 * 60_000))).toBe(ticket)
    expect(ticketOf(newest, ownerA, hourOf(now + 40 * 60_000))).not.toBe(ticket)
    expect(ticketOf(newest, { organizationId: organizationB }, hourOf(now))).not.toBe(ticket)
  })

  test('good from the beginning of its hour to the end of the next', () => {
    const from = Date.parse('2026-11-24T10:00:00Z')
    const known = { organizationId: organizationA, endsAtMs: from + 2 * hourMs }
    for (const at of [from, now, from + 2 * hourMs - 1]) expect(readTicket(keys, ticket, at)).toEqual(known)
    for (const at of [from - 1, from + 2 * hourMs, 0]) expect(readTicket(keys, ticket, at)).toBeUndefined()
  })

  test('it names the account that it was made for, and is nobody else’s', () => {
    expect(readTicket(keys, ofAccount, now)).toMatchObject({ organizationId: organizationA, accountId })
    expect(readTicket(keys, ticket, now)).not.toHaveProperty('accountId')
    for (const other of ['host', accountId.replace('mem_', 'svc_'), accountId.replace(/3$/, '4'), ''])
      expect(readTicket(keys, ofAccount.replace(accountId, other), now)).toBeUndefined()
    expect(readTicket(keys, ofAccount.replace(`${accountId}.`, ''), now)).toBeUndefined()
  })

  test('any secret that is listed opens it, and no other', () => {
    const old = ticketOf(older, ownerA, hourOf(now))
    expect(readTicket(keys, old, now)).toMatchObject({ organizationId: organizationA })
    expect(readTicket([newest], old, now)).toBeUndefined()
  })

  test('processes of two versions make the same: another key would end every stream at an update', () => {
    expect(ticketKey('a secret').toString('hex')).toBe(
      'f9b591fc6a8f389e0b753fa4e4a99bac5889efec7a038ca4c73e4aac0fd405c3',
    )
  })

  test('no letter of it can be another', () => {
    fc.assert(
      fc.property(fc.nat(ticket.length - 2), fc.constantFrom(...'0aZ-_.'), (at, letter) => {
        const forged = ticket.slice(0, at) + letter + ticket.slice(at + 1)
        fc.pre(forged !== ticket)
        expect(readTicket(keys, forged, now)).toBeUndefined()
      }),
    )
    expect(readTicket(keys, ticket.replace(organizationA, organizationB), now)).toBeUndefined()
  })

  test.each(['', '.', '..', `${organizationA}..`, `${ticket}.`, `x${ticket}`, ticket.slice(0, -1), `${ticket}\n`])(
    'nonsense is none: %j',
    (text) => {
      expect(readTicket(keys, text, now)).toBeUndefined()
    },
  )
})
