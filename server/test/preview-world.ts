import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach } from 'vitest'
import { describeOnBoth, type TestDatabase } from './databases.ts'
import { type As, type Harness, harness } from './harness.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

const day =
  "documentation: 'https://docs.example/a', feedback: 'https://say.example/a', since: '2026-01-02', plannedEnd: '2026-12-31'"
/** Ours (F7) come after those of the file; `mine` is what the private preview names. */
export const catalogueOf = (mine: string, more = '') => `features:
  - { key: answers, name: Answers, description: Better ones., stage: public_preview, ${day} }
  - { key: citations, name: Citations, description: With answers., stage: public_preview, requires: [answers] }
  - { key: general, name: General, description: For all., stage: general_availability }
  - { key: gone, name: Gone, description: For nobody., stage: withdrawn }
  - { key: hidden, name: Hidden, description: For few., stage: private_preview, organizations: [${mine}] }
${more}`

interface Listed {
  body: { features: { key: string; enabled: boolean }[] }
}
export const keysOf = ({ body }: Listed) => body.features.map((it) => it.key)
export const onOf = ({ body }: Listed) => body.features.filter((it) => it.enabled).map((it) => it.key)
/** The keys of our own features (F7). */
export const own = ['token-insights', 'command-palette']

/** What the tests of previews ask an instance with a catalogue file, in the name of an organization that is new to each. */
function world(app: Harness, database: TestDatabase, featuresFile: string, acme: Organization) {
  const publish = async (text: string) => {
    writeFileSync(featuresFile, text)
    await app.catalogue.look()
  }

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
  return { app, database, featuresFile, acme, publish, get, put, etag, say, chosen }
}
type World = ReturnType<typeof world>

/** These tests on each kind of database; `it()` is the world of the test that runs. */
export function describePreviews(name: string, tests: (it: () => World) => void): void {
  describeOnBoth(name, (open) => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-features-'))
    const featuresFile = join(folder, 'features.yaml')
    let database: TestDatabase
    let app: Harness
    let now: World
    beforeAll(async () => {
      writeFileSync(featuresFile, catalogueOf('nobody'))
      database = await open()
      app = await harness(database, { featuresFile })
      return () => rmSync(folder, { recursive: true })
    })
    beforeEach(async () => {
      now = world(app, database, featuresFile, await app.newOrganization())
      await now.publish(catalogueOf(now.acme.id))
    })
    tests(() => now)
  })
}
