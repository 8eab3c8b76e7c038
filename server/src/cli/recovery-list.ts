import * as z from 'zod'
import { getStand, tokensThatWouldOpen } from '../features/recovery/actions.ts'
import type { TokenCreation } from '../features/settings/rules.ts'
import type { TokenView } from '../features/tokens/actions.ts'
import { id } from '../http/shapes.ts'
import { headingOf } from './audit-verify.ts'
import { type CommandContext, command, type Print } from './command.ts'
import { settingText, wantedOrganizations } from './recovery.ts'

const minute = (time: Date | null, without: string) => time?.toISOString().slice(0, 16).replace('T', ' ') ?? without

/** What is told of a token: never more than a list in the console shows. */
const told = ({ id, name, account, hint, createdAt, expiresAt, lastUsedAt }: TokenView) => ({
  id,
  name,
  owner: account,
  hint,
  createdAt,
  expiresAt,
  lastUsedAt,
})

function printToken(token: TokenView, print: Print): void {
  const { id, name, account, hint } = token
  print(`    ${id}  ${hint}  ${name} of ${account.name}`)
  const expires = minute(token.expiresAt, 'never')
  print(`        created ${minute(token.createdAt, '')}, expires ${expires}, used ${minute(token.lastUsedAt, 'never')}`)
}

interface Held {
  organization: { id: string; name: string }
  since: Date
  before: TokenCreation
}

async function tell({ deps }: CommandContext, held: Held, json: boolean, print: Print): Promise<void> {
  const { organization, since, before } = held
  if (json) print(JSON.stringify({ organization, heldSince: since, before }))
  else print(`${headingOf(organization)}: held since ${minute(since, '')}; before: ${settingText(before)}`)
  let tokens = 0
  for await (const page of tokensThatWouldOpen(deps, organization.id, before)) {
    tokens += page.length
    for (const token of page) {
      if (json) print(JSON.stringify({ organizationId: organization.id, token: told(token) }))
      else printToken(token, print)
    }
  }
  if (!json) print(`    ${tokens} ${tokens === 1 ? 'token' : 'tokens'} would open again.`)
}

/** What waits for a confirmation, and which tokens that would open. JSON: one object a line, since there may be many. */
export const recoveryList = command({
  name: 'recovery-list',
  args: z.strictObject({ organization: id('org').optional(), json: z.boolean().default(false) }),
  run: async (context, { organization: wanted, json }, print) => {
    const organizations = await wantedOrganizations(context, wanted, print)
    if (!organizations) return { exitCode: 1 }
    let count = 0
    for (const organization of organizations) {
      const { stand } = await getStand(context.deps, organization.id)
      if (stand.kind !== 'held') continue
      count += 1
      await tell(context, { organization, ...stand }, json, print)
    }
    if (count === 0 && !json) print('Nothing is held: no organization waits for a confirmation.')
    return { exitCode: 0 }
  },
})
