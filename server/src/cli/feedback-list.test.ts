import { beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../test/databases.ts'
import { type Harness, harness } from '../../test/harness.ts'
import type { CommandContext } from './command.ts'
import { dispatch } from './dispatch.ts'
import { feedbackList } from './feedback-list.ts'

describe('portcullis feedback list', () => {
  let app: Harness
  const ids: string[] = []

  const list = async (args: Record<string, unknown> = {}) => {
    const lines: string[] = []
    const context = { deps: app.deps } as CommandContext
    const asked = { name: 'feedback-list', args }
    const { exitCode } = await dispatch([feedbackList], context, asked, (line) => lines.push(line))
    return { exitCode, text: lines.join('\n') }
  }
  const idsIn = ({ text }: { text: string }) => JSON.parse(text).map((it: { id: string }) => it.id)

  beforeAll(async () => {
    const database = await openTestDatabase('embedded')
    app = await harness(database)
    return async () => {
      await app.lease.close()
      await database.drop()
    }
  })

  test('0: nobody has said anything', async () => {
    expect(await list()).toEqual({ exitCode: 0, text: 'There is no feedback yet.' })
    expect(await list({ json: true })).toEqual({ exitCode: 0, text: '[]' })
  })

  test('0: of all organizations, newest first, as many as asked for, and how to see more', async () => {
    for (const [name, key] of [
      ['Acme', 'command-palette'],
      ['Globex', 'token-insights'],
      ['Initech', 'command-palette'],
    ] as const) {
      const org = await app.newOrganization(name)
      await org.choosePreviews([key])
      const path = `${org.path}/preview-features/${key}/feedback`
      const said = await app.call('POST', path, { as: org.admin, body: { text: `From ${name}\nand more` } })
      ids.unshift(said.body.id)
    }
    const all = await list({ json: true })
    expect(idsIn(all)).toEqual(ids)
    expect(JSON.parse(all.text)[1]).toEqual({
      id: ids[1],
      feature: 'token-insights',
      organization: { id: expect.stringMatching(/^org_/), name: 'Globex' },
      account: { id: expect.stringMatching(/^mem_/), name: 'Ada Admin' },
      text: 'From Globex\nand more',
      createdAt: app.clock.now.toISOString(),
    })
    const two = await list({ limit: '2' })
    const minute = app.clock.now.toISOString().slice(0, 16).replace('T', ' ')
    expect(two.text).toContain(`${minute}  command-palette  Ada Admin of Initech (org_`)
    expect(two.text).toContain('\n    From Initech\n    and more\n')
    expect(two.text).not.toContain('Acme')
    expect(two.text).toMatch(new RegExp(`There is more: add --before ${ids[1]}$`))
    expect(idsIn(await list({ json: true, before: ids[1] }))).toEqual([ids[2]])
    expect(idsIn(await list({ json: true, feature: 'command-palette' }))).toEqual([ids[0], ids[2]])
  })

  test.each([{ limit: '0' }, { limit: '201' }, { limit: 'x' }, { before: 'tok_1' }, { surprise: 1 }])(
    '2: %o',
    async (args) => {
      expect((await list(args)).exitCode).toBe(2)
    },
  )
})
