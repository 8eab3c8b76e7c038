import { writeSync } from 'node:fs'
import { typeidUnboxed } from 'typeid-js'
import { openDatabase } from '../src/db/open.ts'
import { changeOn, operatorOrigin } from './operator-change.ts'

/**
 * A process to be killed: opens the database that its first argument describes and makes changes in the organizations
 * of its second, several at once, without end. What was acknowledged is told on the standard output, one id per line.
 */
const [options, organizations] = process.argv.slice(2).map((it) => JSON.parse(it))
const opened = await openDatabase(options)
const change = changeOn(opened.db, typeidUnboxed)

// Straight to the file descriptor: what is told must be out before the next change, whenever the signal comes.
const tell = (line: string) => writeSync(1, `${line}\n`)

async function changeOnAndOn(organizationId: string): Promise<never> {
  for (;;) {
    const id = typeidUnboxed('grp')
    const by = { ...operatorOrigin, organizationId, at: new Date() }
    const result = await change(by, async (tx) => {
      const group = { id, organization_id: organizationId, name: id, name_key: id, description: '' }
      await tx
        .insertInto('groups')
        .values({ ...group, created_at: by.at })
        .execute()
      const events = [{ action: 'group.created', target: { kind: 'group', id, name: id } }] as const
      return { ok: true, value: id, events, forget: [{ kind: 'organization', id }] }
    })
    if (result.ok) tell(id)
  }
}

tell('ready')
await Promise.all([...organizations, ...organizations].map(changeOnAndOn))
