import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type As, type Harness, harness } from '../../../test/harness.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

const day =
  "documentation: 'https://docs.example/a', feedback: 'https://say.example/a', since: '2026-01-02', plannedEnd: '2026-12-31'"
/** Ours (F7) come after those of the file; `mine` is what the private preview names. */
const catalogueOf = (mine: string, more = '') => `features:
  - { key: answers, name: Answers, description: Better ones., stage: public_preview, ${day} }
  - { key: citations, name: Citations, description: With answers., stage: public_preview, requires: [answers] }
  - { key: general, name: General, description: For all., stage: general_availability }
  - { key: gone, name: Gone, description: For nobody., stage: withdrawn }
  - { key: hidden, name: Hidden, description: For few., stage: private_preview, organizations: [${mine}] }
${more}`

describeOnBoth('preview features', (open) => {
  let app: Harness
  let database: TestDatabase
  let acme: Organization
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-features-'))
  const featuresFile = join(folder, 'features.yaml')

  const publish = async (text: string) => {
    writeFileSync(featuresFile, text)
    await app.catalogue.look()
  }

  beforeAll(async () => {
    writeFileSync(featuresFile, catalogueOf('nobody'))
    database = await open()
    app = await harness(database, { featuresFile })
    return () => rmSync(folder, { recursive: true })
  })
  beforeEach(async () => {
    acme = await app.newOrganization()
    await publish(catalogueOf(acme.id))
  })

  const path = (org: Organization) => `${org.path}/preview-features`
  const get = (as: As = acme.admin, org = acme) => app.call('GET', path(org), { as })
  const put = (enabled: unknown, ifMatch: string | undefined, as: As = acme.admin) =>
    app.call('PUT', path(acme), {
      as,
      body: { enabled },
      ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
    })
  const etag = async () => (await get()).headers.get('etag') ?? ''
  const say = (key: string, text: unknown = 'Good!', as: As = acme.admin) =>
    app.call('POST', `${path(acme)}/${key}/feedback`, { as, body: { text } })
  const chosen = async (org = acme) => {
    const rows = await database.owner
      .selectFrom('preview_choices')
      .select('feature_key')
      .where('organization_id', '=', org.id)
      .orderBy('feature_key')
      .execute()
    return rows.map((it) => it.feature_key)
  }
  const keysOf = ({ body }: { body: { features: { key: string; enabled: boolean }[] } }) =>
    body.features.map((it) => it.key)
  const onOf = ({ body }: { body: { features: { key: string; enabled: boolean }[] } }) =>
    body.features.filter((it) => it.enabled).map((it) => it.key)
  const own = ['token-insights', 'command-palette']

  describe('the list', () => {
    test('200: what is listed, with nothing chosen, for members too', async () => {
      const member = await acme.newMember()
      const answer = await get(member)
      expect(answer.status).toBe(200)
      expect(keysOf(answer)).toEqual(['answers', 'citations', 'hidden', ...own])
      expect(answer.headers.get('etag')).toBe(`"${answer.body.version}"`)
      expect(answer.body.features[0]).toEqual({
        key: 'answers',
        name: 'Answers',
        description: 'Better ones.',
        stage: 'public_preview',
        documentationUrl: 'https://docs.example/a',
        feedbackUrl: 'https://say.example/a',
        since: '2026-01-02',
        plannedEnd: '2026-12-31',
        requires: [],
        enabled: false,
        enabledAt: null,
        enabledBy: null,
      })
      expect(answer.body.features[1]).toMatchObject({ requires: ['answers'], documentationUrl: null, since: null })
    })

    test('F2: a private preview is listed for the organization that it names, by its slug too, and for no other', async () => {
      const globex = await app.newOrganization('Globex')
      expect(keysOf(await get(globex.admin, globex))).not.toContain('hidden')
      const { slug } = (await app.call('GET', globex.path, { as: globex.admin })).body
      await publish(catalogueOf(slug))
      expect(keysOf(await get(globex.admin, globex))).toContain('hidden')
      expect(keysOf(await get())).not.toContain('hidden')
    })

    test('404: another organization', async () => {
      const globex = await app.newOrganization('Globex')
      expect((await get(globex.admin)).status).toBe(404)
      expect((await put([], '"1"', globex.admin)).status).toBe(404)
      expect((await say('answers', 'Mine?', globex.admin)).status).toBe(404)
    })
  })

  describe('the choice', () => {
    test('200: chosen by the admin, seen by all of the organization and by no other, and unchosen', async () => {
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
      const member = await acme.newMember()
      expect((await put(['answers'], await etag(), member)).status).toBe(403)
      expect(await chosen()).toEqual([])
      expect(await acme.events('?action=preview_features.updated')).toEqual([])
    })

    test('428: without If-Match, or with one that names no version', async () => {
      for (const ifMatch of [undefined, '*', '7', '"1", "2"']) expect((await put([], ifMatch)).status).toBe(428)
    })

    test('412: with the current state, and nothing is written; a W/ prefix is ignored', async () => {
      const stale = await etag()
      await put(['answers'], `W/${stale}`)
      const late = await put(['token-insights'], stale)
      expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
      expect(late.body.current).toEqual((await get()).body)
      expect(await chosen()).toEqual(['answers'])
      expect(await acme.events('?action=preview_features.updated')).toHaveLength(1)
    })

    test('412: the catalogue is another one than the admin saw', async () => {
      const seen = await etag()
      await publish(catalogueOf(acme.id, '  - { key: later, name: Later, description: New., stage: public_preview }'))
      const late = await put(['answers'], seen)
      expect(late.status).toBe(412)
      expect(keysOf({ body: late.body.current })).toContain('later')
    })

    test('F8: of two admins at once one saves and the other hears of it', async () => {
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
      const refused = await put(enabled, await etag())
      expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path: at }] } })
      expect(await chosen()).toEqual([])
    })

    test('422: what is hidden from the organization is answered as what is nowhere', async () => {
      await publish(catalogueOf('globex'))
      const told = async (key: string) => {
        const { requestId: _, ...rest } = (await put([key], await etag())).body
        return rest
      }
      expect(await told('hidden')).toEqual(await told('nothing'))
    })

    test('F4: choices of what is not listed stay, through a save, and are there when it is listed again', async () => {
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
      const free = catalogueOf(acme.id).replace('requires: [answers]', '')
      await publish(free)
      await put(['citations', 'token-insights'], await etag())
      await publish(catalogueOf(acme.id))
      expect((await put(['citations'], await etag())).status).toBe(200)
      expect(await chosen()).toEqual(['citations'])
    })

    test('the version never goes back, whatever the catalogue does', async () => {
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
      const before = (await get()).body
      await publish('features: [{ key: answers }]')
      expect((await get()).body).toEqual(before)
    })

    test('P11: what is on is known at once, though memory knew it otherwise', async () => {
      const on = () => app.previews.isOn(acme.id, 'answers')
      expect(await on()).toBe(false)
      await put(['answers'], await etag())
      expect(await on()).toBe(true)
      await put([], await etag())
      expect(await on()).toBe(false)
    })

    test('N3: memory answers under a lease, in the same tick, until something of the organization changes', async () => {
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

  test('F1: a changed file is taken over by itself, without a restart', async () => {
    const changed = new Promise<void>((resolve) => {
      const stop = app.catalogue.onChange(() => {
        stop()
        resolve()
      })
    })
    writeFileSync(
      featuresFile,
      catalogueOf(acme.id, '  - { key: later, name: Later, description: New., stage: public_preview }'),
    )
    await changed
    expect(keysOf(await get())).toContain('later')
  })

  test('F1: a content has one number for all who publish it at once, and one that was there before is news', async () => {
    const number = app.deps.lookups.numberCatalogue
    const first = await number('one')
    expect(new Set(await Promise.all([1, 2, 3, 4].map(() => number('two'))))).toEqual(new Set([first + 1]))
    expect([await number('two'), await number('one'), await number('one')]).toEqual([first + 1, first + 2, first + 2])
  })

  test('200: the schema of the catalogue, by which editors complete it, is the one in docs/', async () => {
    const answer = await app.call('GET', '/schemas/features.json')
    expect(answer.status).toBe(200)
    const kept = readFileSync(join(import.meta.dirname, '../../../../docs/features.schema.json'), 'utf8')
    expect(answer.body).toEqual(JSON.parse(kept))
  })

  describe('F5: a route of a preview', () => {
    const usage = (as: As = acme.admin) => app.call('GET', `${acme.path}/tokens/usage`, { as })

    test('404: where it is off; 200 as soon as it is on, for members too; 404 again', async () => {
      const member = await acme.newMember()
      const absent = await usage()
      expect(absent).toMatchObject({ status: 404, body: { code: 'not_found' } })
      await put(['token-insights'], await etag())
      expect([(await usage()).status, (await usage(member)).status]).toEqual([200, 200])
      await put([], await etag())
      expect((await usage(member)).status).toBe(404)
    })

    test('404: before anything of the request is looked at, though not before who asks', async () => {
      const asking = (as?: As) => app.call('GET', `${acme.path}/tokens/usage?days=nonsense`, { as })
      expect((await asking(acme.admin)).status).toBe(404)
      expect((await asking()).status).toBe(401)
    })

    test("F7: the operator's file may give it to all, or end it", async () => {
      const entry = (stage: string) =>
        `features: [{ key: token-insights, name: Insights, description: x, stage: ${stage} }]`
      await publish(entry('general_availability'))
      expect((await usage()).status).toBe(200)
      expect(keysOf(await get())).toEqual(['command-palette'])
      await publish(entry('withdrawn'))
      expect((await usage()).status).toBe(404)
    })
  })

  describe('feedback', () => {
    test('201: what somebody says of what is on; the event does not repeat it', async () => {
      await put(['answers'], await etag())
      const member = await acme.newMember()
      const said = await say('answers', '  So much better.\nThanks!  ', member)
      expect(said.status).toBe(201)
      expect(said.body).toEqual({
        id: expect.stringMatching(/^fbk_/),
        key: 'answers',
        text: 'So much better.\nThanks!',
        createdAt: app.clock.now.toISOString(),
      })
      const [event] = await acme.events('?action=preview_feature.feedback_given')
      expect(event).toMatchObject({
        actor: { kind: 'member', id: member.accountId },
        target: { kind: 'preview_feature', id: 'answers', name: 'Answers' },
        before: null,
        after: null,
      })
      expect(JSON.stringify(event)).not.toContain('better')
      const [row] = await app.deps.lookups.listFeedback({}, 1)
      expect(row).toMatchObject({
        id: said.body.id,
        feature_key: 'answers',
        organization_id: acme.id,
        account_id: member.accountId,
        account_name: 'Mia Member',
        text: 'So much better.\nThanks!',
      })
    })

    test('201: also of what is on for all', async () => {
      expect((await say('general')).status).toBe(201)
    })

    test('404: of what is off, withdrawn, hidden or nowhere, all alike, and nothing is written', async () => {
      await publish(catalogueOf('globex'))
      const told = async (key: string) => {
        const { status, body } = await say(key)
        return { ...body, requestId: status }
      }
      const nowhere = await told('nothing')
      expect(nowhere.requestId).toBe(404)
      for (const key of ['answers', 'gone', 'hidden', 'Answers', 'a%00', '-', 'x'.repeat(65)])
        expect([key, await told(key)]).toEqual([key, nowhere])
      const rows = await database.owner
        .selectFrom('preview_feedback')
        .select('id')
        .where('organization_id', '=', acme.id)
        .execute()
      expect(rows).toEqual([])
    })

    test('422: no text, or more than 2000 characters', async () => {
      await put(['answers'], await etag())
      for (const text of ['', '   ', 'x'.repeat(2001), null, 7])
        expect(await say('answers', text)).toMatchObject({ status: 422, body: { errors: [{ path: 'text' }] } })
      expect((await say('answers', '😀'.repeat(2000))).status).toBe(201)
    })
  })
})
