import { route } from '../../http/route.ts'
import { ok } from '../../kernel/result.ts'
import { getPreviewFeatures, giveFeedback, savePreviewFeatures } from './actions.ts'
import { Feedback, NewFeedback, PreviewChoice, PreviewFeatures } from './shapes.ts'

const path = '/api/v1/organizations/{org}/preview-features'
const all = { org: ['org'] } as const

export const previewRoutes = [
  route({
    id: 'getPreviewFeatures',
    method: 'get',
    path,
    summary: 'The preview features that the organization may choose, and what it chose',
    who: 'account',
    parameters: all,
    status: 200,
    reply: PreviewFeatures,
    problems: [],
    run: async ({ deps, caller }) => {
      const value = await getPreviewFeatures(deps, caller)
      return { ...ok(value), extras: { etag: String(value.version) } }
    },
  }),
  route({
    id: 'savePreviewFeatures',
    method: 'put',
    path,
    summary: 'Choose among the listed preview features; choices of features that are not listed stay',
    who: 'admin',
    parameters: all,
    ifMatch: true,
    body: PreviewChoice,
    status: 200,
    reply: PreviewFeatures,
    problems: ['invalid_request', 'precondition_failed'],
    run: async ({ deps, caller, body, facts, ifMatch = '' }) => {
      const saved = await savePreviewFeatures(deps, caller, facts, { enabled: body.enabled, ifMatch })
      return saved.ok ? { ...saved, extras: { etag: String(saved.value.version) } } : saved
    },
  }),
  route({
    id: 'givePreviewFeedback',
    method: 'post',
    path: `${path}/{key}/feedback`,
    summary: 'Say something about a preview feature that is on; whoever runs the instance reads it',
    who: 'account',
    parameters: { ...all, key: 'key' },
    body: NewFeedback,
    rationed: { as: 'feedback' },
    status: 201,
    reply: Feedback,
    problems: ['not_found'],
    run: ({ deps, caller, path, body, facts }) => giveFeedback(deps, caller, facts, { key: path.key, text: body.text }),
  }),
]
