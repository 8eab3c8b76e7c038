import * as z from 'zod'
import { listFeedback, type ReceivedFeedback } from '../features/previews/actions.ts'
import { id } from '../http/shapes.ts'
import { command, type Print } from './command.ts'

const most = 200

const args = z.strictObject({
  feature: z.string().max(64).optional(),
  before: id('fbk').optional(),
  limit: z.coerce.number('Enter a number.').int().min(1).max(most).default(50),
  json: z.boolean().default(false),
})

function printOne({ feature, organization, account, text, createdAt }: ReceivedFeedback, print: Print): void {
  const minute = createdAt.toISOString().slice(0, 16).replace('T', ' ')
  print(`${minute}  ${feature}  ${account.name} of ${organization.name} (${organization.id})`)
  for (const line of text.split('\n')) print(`    ${line}`)
  print('')
}

/** What people say of preview features (F5), newest first. */
export const feedbackList = command({
  name: 'feedback-list',
  args,
  run: async ({ deps }, { feature, before, limit, json }, print) => {
    // One more than asked for tells whether there is more.
    const found = await listFeedback(deps, { feature, before }, limit + 1)
    const shown = found.slice(0, limit)
    if (json) print(JSON.stringify(shown, null, 2))
    else for (const it of shown) printOne(it, print)
    if (!json && shown.length === 0) print('There is no feedback yet.')
    if (!json && found.length > limit) print(`There is more: add --before ${shown.at(-1)?.id}`)
    return { exitCode: 0 }
  },
})
