import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { As } from '../../../test/harness.ts'
import { catalogueOf, describePreviews, keysOf, own } from '../../../test/preview-world.ts'

describePreviews('preview features', (it) => {
  describe('the list', () => {
    test('200: what is listed, with nothing chosen, for members too', async () => {
      const { acme, get } = it()
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
      const { app, publish, get } = it()
      const globex = await app.newOrganization('Globex')
      expect(keysOf(await get(globex.admin, globex))).not.toContain('hidden')
      const { slug } = (await app.call('GET', globex.path, { as: globex.admin })).body
      await publish(catalogueOf(slug))
      expect(keysOf(await get(globex.admin, globex))).toContain('hidden')
      expect(keysOf(await get())).not.toContain('hidden')
    })

    test('404: another organization', async () => {
      const { app, get, put, say } = it()
      const globex = await app.newOrganization('Globex')
      expect((await get(globex.admin)).status).toBe(404)
      expect((await put([], '"1"', globex.admin)).status).toBe(404)
      expect((await say('answers', 'Mine?', globex.admin)).status).toBe(404)
    })
  })

  test('F1: a changed file is taken over by itself, without a restart', async () => {
    const { app, featuresFile, acme, get } = it()
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
    const { app } = it()
    const number = app.deps.lookups.numberCatalogue
    const first = await number('one')
    expect(new Set(await Promise.all([1, 2, 3, 4].map(() => number('two'))))).toEqual(new Set([first + 1]))
    expect([await number('two'), await number('one'), await number('one')]).toEqual([first + 1, first + 2, first + 2])
  })

  test('200: the schema of the catalogue, by which editors complete it, is the one in docs/', async () => {
    const { app } = it()
    const answer = await app.call('GET', '/schemas/features.json')
    expect(answer.status).toBe(200)
    const kept = readFileSync(join(import.meta.dirname, '../../../../docs/features.schema.json'), 'utf8')
    expect(answer.body).toEqual(JSON.parse(kept))
  })

  describe('F5: a route of a preview', () => {
    const usage = (as?: As) => it().app.call('GET', `${it().acme.path}/tokens/usage`, { as: as ?? it().acme.admin })

    test('404: where it is off; 200 as soon as it is on, for members too; 404 again', async () => {
      const { acme, put, etag } = it()
      const member = await acme.newMember()
      const absent = await usage()
      expect(absent).toMatchObject({ status: 404, body: { code: 'not_found' } })
      await put(['token-insights'], await etag())
      expect([(await usage()).status, (await usage(member)).status]).toEqual([200, 200])
      await put([], await etag())
      expect((await usage(member)).status).toBe(404)
    })

    test('404: before anything of the request is looked at, though not before who asks', async () => {
      const { app, acme } = it()
      const asking = (as?: As) => app.call('GET', `${acme.path}/tokens/usage?days=nonsense`, { as })
      expect((await asking(acme.admin)).status).toBe(404)
      expect((await asking()).status).toBe(401)
    })

    test("F7: the operator's file may give it to all, or end it", async () => {
      const { publish, get } = it()
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
      const { app, acme, put, etag, say } = it()
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
      const { say } = it()
      expect((await say('general')).status).toBe(201)
    })

    test('404: of what is off, withdrawn, hidden or nowhere, all alike, and nothing is written', async () => {
      const { database, acme, publish, say } = it()
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
      const { put, etag, say } = it()
      await put(['answers'], await etag())
      for (const text of ['', '   ', 'x'.repeat(2001), null, 7])
        expect(await say('answers', text)).toMatchObject({ status: 422, body: { errors: [{ path: 'text' }] } })
      expect((await say('answers', '😀'.repeat(2000))).status).toBe(201)
    })
  })
})
