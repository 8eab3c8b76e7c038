import { expect, test } from 'vitest'
import { catalogueOf, describePreviews, keysOf, onOf, own } from '../../../test/preview-world.ts'

describePreviews('the choice of preview features', (it) => {
  test('200: chosen by the admin, seen by all of the organization and by no other, and unchosen', async () => {
    const { app, acme, get, put, etag, chosen } = it()
    const globex = await app.newOrganization('Globex')
    const before = await get()
    const saved = await put(['citations', 'answers'], await etag())
    expect(saved.status).toBe(200)
    expect(onOf(saved)).toEqual(['answers', 'citations'])
    expect(saved.body.features[0]).toMatchObject({
      enabledAt: app.clock.now.toISOString(),
      enabledBy: { id: acme.admin.accountId, kind: 'member', name: 'Ada Admin' },
    })
    expect(saved.body.version).toBe(before.body.version + 1)
    expect(saved.headers.get('etag')).toBe(`"${saved.body.version}"`)
    const member = await acme.newMember()
    expect((await get(member)).body).toEqual(saved.body)
    expect(onOf(await get(globex.admin, globex))).toEqual([])
    expect(onOf(await put([], await etag()))).toEqual([])
    expect(await chosen()).toEqual([])
  })

  test('what stays keeps its day and its author', async () => {
    const { app, acme, put, etag } = it()
    const other = await acme.newMember('admin')
    const first = await put(['answers'], await etag())
    app.clock.now = new Date(app.clock.now.getTime() + 60_000)
    const second = await put(['answers', 'citations'], await etag(), other)
    expect(second.body.features[0]).toEqual(first.body.features[0])
    expect(second.body.features[1]).toMatchObject({
      enabledAt: app.clock.now.toISOString(),
      enabledBy: { id: other.accountId },
    })
  })

  test('A1: one event with before and after; nothing where nothing changes', async () => {
    const { acme, put, etag } = it()
    await put(['answers'], await etag())
    const version = await etag()
    expect((await put(['answers'], version)).headers.get('etag')).toBe(version)
    await put(['token-insights'], version)
    const events = await acme.events('?action=preview_features.updated')
    expect(events.map(({ target, before, after }) => ({ target, before, after }))).toEqual(
      [
        [[], ['answers']],
        [['answers'], ['token-insights']],
      ]
        .map(([before, after]) => ({
          target: { kind: 'preview_features', id: acme.id, name: 'Preview features' },
          before: { enabled: before },
          after: { enabled: after },
        }))
        .reverse(),
    )
  })

  test('403: members do not choose, and nothing is written', async () => {
    const { acme, put, etag, chosen } = it()
    const member = await acme.newMember()
    expect((await put(['answers'], await etag(), member)).status).toBe(403)
    expect(await chosen()).toEqual([])
    expect(await acme.events('?action=preview_features.updated')).toEqual([])
  })

  test('428: without If-Match, or with one that names no version', async () => {
    const { put } = it()
    for (const ifMatch of [undefined, '*', '7', '"1", "2"']) expect((await put([], ifMatch)).status).toBe(428)
  })

  test('412: with the current state, and nothing is written; a W/ prefix is ignored', async () => {
    const { acme, get, put, etag, chosen } = it()
    const stale = await etag()
    await put(['answers'], `W/${stale}`)
    const late = await put(['token-insights'], stale)
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
    expect(late.body.current).toEqual((await get()).body)
    expect(await chosen()).toEqual(['answers'])
    expect(await acme.events('?action=preview_features.updated')).toHaveLength(1)
  })

  test('412: the catalogue is another one than the admin saw', async () => {
    const { acme, publish, put, etag } = it()
    const seen = await etag()
    await publish(catalogueOf(acme.id, '  - { key: later, name: Later, description: New., stage: public_preview }'))
    const late = await put(['answers'], seen)
    expect(late.status).toBe(412)
    expect(keysOf({ body: late.body.current })).toContain('later')
  })

  test('F8: of two admins at once one saves and the other hears of it', async () => {
    const { acme, put, etag, chosen } = it()
    const other = await acme.newMember('admin')
    const seen = await etag()
    const both = await Promise.all([put(['answers'], seen), put(['command-palette'], seen, other)])
    expect(both.map((it) => it.status).sort()).toEqual([200, 412])
    const winner = both.find((it) => it.status === 200)!
    const loser = both.find((it) => it.status === 412)!
    expect(loser.body.current).toEqual(winner.body)
    expect(await chosen()).toEqual(onOf(winner))
  })

  test.each([
    ['an unknown key', ['answers', 'nothing'], 'enabled.1'],
    ['a key for all', ['general'], 'enabled.0'],
    ['a withdrawn key', ['gone'], 'enabled.0'],
    ['a key twice', ['answers', 'answers'], 'enabled.1'],
    ['a feature without what it requires', ['token-insights', 'citations'], 'enabled.1'],
    ['no list', 'answers', 'enabled'],
    ['what is no text', ['answers', 7], 'enabled.1'],
    ['another case', ['Answers'], 'enabled.0'],
  ])('422: %s, and nothing is written', async (_, enabled, at) => {
    const { put, etag, chosen } = it()
    const refused = await put(enabled, await etag())
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path: at }] } })
    expect(await chosen()).toEqual([])
  })

  test('422: what is hidden from the organization is answered as what is nowhere', async () => {
    const { publish, put, etag } = it()
    await publish(catalogueOf('globex'))
    const told = async (key: string) => {
      const { requestId: _, ...rest } = (await put([key], await etag())).body
      return rest
    }
    expect(await told('hidden')).toEqual(await told('nothing'))
  })

  test('F4: choices of what is not listed stay, through a save, and are there when it is listed again', async () => {
    const { acme, publish, get, put, etag, chosen } = it()
    await put(['answers', 'hidden'], await etag())
    await publish(
      catalogueOf('nobody')
        .replace('Better ones., stage: public_preview', 'x, stage: withdrawn')
        .replace('requires: [answers]', ''),
    )
    expect(keysOf(await get())).toEqual(['citations', ...own])
    await put(['citations'], await etag())
    expect(await chosen()).toEqual(['answers', 'citations', 'hidden'])
    const [event] = await acme.events('?action=preview_features.updated')
    expect(event).toMatchObject({ after: { enabled: ['answers', 'citations', 'hidden'] } })
    await publish(catalogueOf(acme.id))
    expect(onOf(await get())).toEqual(['answers', 'citations', 'hidden'])
  })

  test('F4: what was taken from under a choice does not stand in the way of unselecting another', async () => {
    const { acme, publish, put, etag, chosen } = it()
    const free = catalogueOf(acme.id).replace('requires: [answers]', '')
    await publish(free)
    await put(['citations', 'token-insights'], await etag())
    await publish(catalogueOf(acme.id))
    expect((await put(['citations'], await etag())).status).toBe(200)
    expect(await chosen()).toEqual(['citations'])
  })

  test('the version never goes back, whatever the catalogue does', async () => {
    const { acme, publish, get, put, etag } = it()
    const versions: number[] = []
    const note = async () => versions.push((await get()).body.version)
    await note()
    await put(['answers'], await etag())
    await note()
    await publish('features: []')
    await note()
    await publish(catalogueOf(acme.id))
    await note()
    expect(versions).toEqual([0, 1, 2, 3].map((it) => versions[0]! + it))
  })

  test('a catalogue that is broken changes nothing', async () => {
    const { publish, get } = it()
    const before = (await get()).body
    await publish('features: [{ key: answers }]')
    expect((await get()).body).toEqual(before)
  })

  test('P11: what is on is known at once, though memory knew it otherwise', async () => {
    const { app, acme, put, etag } = it()
    const on = () => app.previews.isOn(acme.id, 'answers')
    expect(await on()).toBe(false)
    await put(['answers'], await etag())
    expect(await on()).toBe(true)
    await put([], await etag())
    expect(await on()).toBe(false)
  })

  test('N3: memory answers under a lease, in the same tick, until something of the organization changes', async () => {
    const { app, acme, put, etag } = it()
    await app.lease.renew()
    const first = await app.previews.standingOf(acme.id)
    expect(app.previews.standingOf(acme.id)).toBe(first)
    const { slug } = (await app.call('GET', acme.path, { as: acme.admin })).body
    expect(app.previews.standingOf(slug)).toBe(first)
    const told: (string | undefined)[] = []
    const stop = app.previews.onChange((it) => told.push(it))
    await put(['answers'], await etag())
    stop()
    expect(told).toContain(acme.id)
    const next = app.previews.standingOf(acme.id)
    expect(next).toBeInstanceOf(Promise)
    expect((await next)?.chosen).toEqual(new Set(['answers']))
    expect(await app.previews.standingOf('no such slug')).toBe(undefined)
    expect(await app.previews.standingOf('\u0000')).toBe(undefined)
  })
})
