/** F1: the stages of a feature's life; how mature each is stands in `maturity`. */
export const stages = ['private_preview', 'public_preview', 'general_availability', 'withdrawn'] as const
export type Stage = (typeof stages)[number]

/** More than anybody reads, and few enough to compose every answer from. */
export const maxFeatures = 500

export interface Feature {
  key: string
  name: string
  description: string
  stage: Stage
  documentationUrl: string | null
  feedbackUrl: string | null
  /** `YYYY-MM-DD`. */
  since: string | null
  plannedEnd: string | null
  requires: readonly string[]
  /** Ids or slugs; of a private preview alone (F2). */
  organizations: readonly string[]
}

/** What the operator publishes, with the number under which this very content is known to all processes. */
export interface Catalogue {
  features: readonly Feature[]
  /** Grows with each new content, so that what is told of features never goes back. */
  number: number
}

const builtIn = { documentationUrl: null, feedbackUrl: null, plannedEnd: null, requires: [], organizations: [] }

/** F7: the previews of Portcullis' own console, there from the first day. */
export const ownFeatures: readonly Feature[] = [
  {
    ...builtIn,
    key: 'token-insights',
    name: 'Token insights',
    description: 'Charts of how often API tokens are used, and which of them are unused or never expire.',
    stage: 'public_preview',
    since: '2026-11-24',
  },
  {
    ...builtIn,
    key: 'command-palette',
    name: 'Command palette',
    description: 'Reach every page and action of the console from the keyboard, with Ctrl+K or ⌘K.',
    stage: 'public_preview',
    since: '2026-11-24',
  },
]

/** The operator's features with our own; where the file names one of ours, the file decides (it may end a preview). */
export function withOwn(features: readonly Feature[]): Feature[] {
  const keys = new Set(features.map((it) => it.key))
  return [...features, ...ownFeatures.filter((it) => !keys.has(it.key))]
}

const maturity: Record<Stage, number> = { withdrawn: 0, private_preview: 1, public_preview: 2, general_availability: 3 }

/** What is wrong with one feature, at which of its fields (and which place in a list). */
export interface CatalogueFault {
  index: number
  path: readonly (string | number)[]
  message: string
}

type Finds = (it: Feature, index: number, byKey: ReadonlyMap<string, Feature>) => CatalogueFault[]

const isRepeated =
  (features: readonly Feature[]): Finds =>
  ({ key }, index) =>
    features.findIndex((other) => other.key === key) < index
      ? [{ index, path: ['key'], message: `The key ${key} stands in the catalogue twice; give each feature its own.` }]
      : []

const missing: Finds = ({ requires }, index, byKey) =>
  requires.flatMap((key, i) =>
    byKey.has(key)
      ? []
      : [{ index, path: ['requires', i], message: `It requires ${key}, which is not in the catalogue.` }],
  )

const repeats: Finds = ({ requires, organizations }, index) =>
  Object.entries({ requires, organizations }).flatMap(([field, list]) =>
    list.flatMap((it, i) =>
      list.indexOf(it) < i ? [{ index, path: [field, i], message: `${it} stands there twice; name it once.` }] : [],
    ),
  )

/** A chain of requirements that leads back to where it began; undefined without one. Each feature is looked at once. */
function circleFrom(key: string, byKey: ReadonlyMap<string, Feature>): string[] | undefined {
  const seen = new Set<string>()
  const walk = (at: string, path: readonly string[]): string[] | undefined => {
    for (const next of byKey.get(at)?.requires ?? []) {
      if (next === key) return [...path, key]
      if (seen.has(next)) continue
      seen.add(next)
      const circle = walk(next, [...path, next])
      if (circle) return circle
    }
    return undefined
  }
  return walk(key, [key])
}

const circular: Finds = ({ key }, index, byKey) => {
  const circle = circleFrom(key, byKey)
  return circle ? [{ index, path: ['requires'], message: `It requires itself: ${circle.join(' → ')}.` }] : []
}

/** F1: on for all cannot rest on what is not; a withdrawn requirement is never on. */
const immature: Finds = ({ stage, requires }, index, byKey) =>
  requires.flatMap((key, i) => {
    const required = byKey.get(key)
    return required && maturity[required.stage] < maturity[stage]
      ? [{ index, path: ['requires', i], message: `It requires ${key}, which is less mature (${required.stage}).` }]
      : []
  })

const backwards: Finds = ({ since, plannedEnd }, index) =>
  since !== null && plannedEnd !== null && plannedEnd < since
    ? [{ index, path: ['plannedEnd'], message: `It ends (${plannedEnd}) before it begins (${since}).` }]
    : []

const misplaced: Finds = ({ stage, organizations }, index) =>
  organizations.length > 0 && stage !== 'private_preview'
    ? [{ index, path: ['organizations'], message: 'Only a private preview names organizations.' }]
    : []

/** F1: every fault of what features say of each other and of themselves, in the order of the features. */
export function catalogueFaults(features: readonly Feature[]): CatalogueFault[] {
  const byKey = new Map(withOwn(features).map((it) => [it.key, it]))
  const checks = [isRepeated(features), repeats, missing, circular, immature, backwards, misplaced]
  return features.flatMap((it, index) => checks.flatMap((check) => check(it, index, byKey)))
}
