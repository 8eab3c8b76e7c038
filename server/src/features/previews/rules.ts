import { invalid, ok, type Result } from '../../kernel/result.ts'
import type { Catalogue, Feature } from '../catalogue/rules.ts'

/** Where an organization stands: what it chose, also of features that are not listed at the moment (F4). */
export interface Standing {
  id: string
  slug: string
  chosen: ReadonlySet<string>
}

/** With the number of the choice, which grows with each change of it (F8). */
export interface VersionedStanding extends Standing {
  version: number
}

/** F8: of what is listed and chosen together. Grows with each change of the choice or of the catalogue, and never goes back. */
export const versionOf = (catalogue: Catalogue, by: VersionedStanding): number => by.version + catalogue.number

export interface Evaluation {
  value: boolean
  variant: 'on' | 'off'
  reason: 'TARGETING_MATCH' | 'STATIC' | 'DISABLED'
}

const isNamed = ({ organizations }: Feature, { id, slug }: Pick<Standing, 'id' | 'slug'>) =>
  organizations.includes(id) || organizations.includes(slug)

/** F2: a private preview exists for the organizations that it names alone. */
export const isSeen = (it: Feature, by: Pick<Standing, 'id' | 'slug'>): boolean =>
  it.stage !== 'private_preview' || isNamed(it, by)

/** F2, F4: what an admin chooses among. */
export const isListed = (it: Feature, by: Pick<Standing, 'id' | 'slug'>): boolean =>
  it.stage === 'public_preview' || (it.stage === 'private_preview' && isNamed(it, by))

const featureOf = ({ features }: Catalogue, key: string) => features.find((it) => it.key === key)

/** F3, F4: on for this organization: for all, or chosen and with all that it requires on. A catalogue has no circles. */
export const isOn = (it: Feature, catalogue: Catalogue, by: Standing): boolean => isOnWith(it, catalogue, by, new Map())

/** `known` keeps what was found on the way, since two features may share a long line of requirements. */
function isOnWith(it: Feature, catalogue: Catalogue, by: Standing, known: Map<string, boolean>): boolean {
  if (it.stage === 'withdrawn') return false
  if (it.stage === 'general_availability') return true
  if (!isSeen(it, by) || !by.chosen.has(it.key)) return false
  const before = known.get(it.key)
  if (before !== undefined) return before
  const on = it.requires.every((key) => {
    const required = featureOf(catalogue, key)
    return required !== undefined && isOnWith(required, catalogue, by, known)
  })
  known.set(it.key, on)
  return on
}

/** F6: the answer of OFREP for a feature that the organization may see. */
export function evaluate(it: Feature, catalogue: Catalogue, by: Standing): Evaluation {
  if (it.stage === 'withdrawn') return { value: false, variant: 'off', reason: 'DISABLED' }
  const value = isOn(it, catalogue, by)
  const chosen = it.stage !== 'general_availability' && value
  return { value, variant: value ? 'on' : 'off', reason: chosen ? 'TARGETING_MATCH' : 'STATIC' }
}

/** F4: what is chosen after a save: the wanted among the listed; choices of what is not listed stay as they are. */
export const nextChoice = (catalogue: Catalogue, by: Standing, wanted: readonly string[]): Set<string> => {
  const listed = new Set(catalogue.features.filter((it) => isListed(it, by)).map((it) => it.key))
  return new Set([...[...by.chosen].filter((key) => !listed.has(key)), ...wanted])
}

/**
 * F4: only what is listed can be chosen, once, and nothing without what it requires. What was chosen before and is off
 * already, since the catalogue gave it a requirement, may stay: unselecting another feature is always allowed.
 */
export function mayChoose(
  catalogue: Catalogue,
  by: Standing,
  wanted: readonly string[],
): Result<void, 'invalid_request'> {
  const after = { ...by, chosen: nextChoice(catalogue, by, wanted) }
  for (const [i, key] of wanted.entries()) {
    const feature = featureOf(catalogue, key)
    const at = `enabled.${i}`
    if (!feature || !isListed(feature, by)) return invalid(at, 'There is no such preview feature to choose.')
    if (wanted.indexOf(key) < i) return invalid(at, 'It stands there twice.')
    const stays = by.chosen.has(key) && !isOn(feature, catalogue, by)
    if (!stays && !isOn(feature, catalogue, after)) {
      const needed = feature.requires.map((it) => featureOf(catalogue, it)?.name ?? it).join(', ')
      return invalid(at, `It needs other features that are not on: ${needed}.`)
    }
  }
  return ok(undefined)
}
