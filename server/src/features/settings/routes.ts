import { route } from '../../http/route.ts'
import { ok } from '../../kernel/result.ts'
import { getSettings, saveSettings } from './actions.ts'
import { NewSettings, Settings } from './shapes.ts'

const path = '/api/v1/organizations/{org}/settings'
const parameters = { org: ['org'] } as const

export const settingsRoutes = [
  route({
    id: 'getSettings',
    method: 'get',
    path,
    summary: 'Who may create API tokens',
    who: 'account',
    parameters,
    status: 200,
    reply: Settings,
    problems: [],
    run: async ({ deps, caller }) => {
      const settings = await getSettings(deps, caller)
      return { ...ok(settings), extras: { etag: String(settings.version) } }
    },
  }),
  route({
    id: 'saveSettings',
    method: 'put',
    path,
    summary: 'Change who may create API tokens',
    description:
      'Tokens that the new settings do not allow are suspended, never revoked: they work again as soon as the settings allow ' +
      'them. A managed token must not suspend its own account (409 `would_lock_out`).',
    who: 'admin',
    parameters,
    body: NewSettings,
    ifMatch: true,
    status: 200,
    reply: Settings,
    problems: ['invalid_request', 'precondition_failed', 'would_lock_out'],
    run: async ({ deps, caller, body, ifMatch, facts }) => {
      const saved = await saveSettings(deps, caller, facts, { ...body, ifMatch: ifMatch ?? '' })
      return saved.ok ? { ...saved, extras: { etag: String(saved.value.version) } } : saved
    },
  }),
]
