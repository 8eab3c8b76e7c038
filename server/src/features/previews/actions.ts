import { LRUCache } from 'lru-cache'
import type { Forget } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { Lease } from '../../db/feed.ts'
import { isStorable, type Lookups } from '../../db/lookups.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { type Result, refuse } from '../../kernel/result.ts'
import type { AccountName, Caller, Denial } from '../accounts/rules.ts'
import { byOf } from '../accounts/rules.ts'
import type { Catalogue, Feature } from '../catalogue/rules.ts'
import { isListed, isOn, mayChoose, nextChoice, type VersionedStanding, versionOf } from './rules.ts'
import { type Choice, insertFeedback, readStanding, toStanding, writeChoices } from './store.ts'

export interface Previews {
  /** Where an organization stands, by id or slug; in the same tick when memory may say (N3), the same object while nothing changes. */
  standingOf: (idOrSlug: string) => VersionedStanding | undefined | Promise<VersionedStanding | undefined>
  /** F5: is a feature on for this organization? */
  isOn: (organizationId: string, key: string) => Promise<boolean>
  forget: (what: readonly Forget[] | 'everything') => void
  /** Told which organization's standing may have changed; undefined: anybody's. */
  onChange: (listener: (organizationId: string | undefined) => void) => () => void
}

interface PreviewsParts {
  lease: Pick<Lease, 'holds' | 'epoch'>
  lookups: Pick<Lookups, 'findPreviewChoices'>
  catalogue: () => Catalogue
}

const maxRemembered = 20_000

/** What this process remembers of organizations' choices, under the lease as the gate does (N3). */
export function buildPreviews({ lease, lookups, catalogue }: PreviewsParts): Previews {
  const standings = new LRUCache<string, VersionedStanding>({ max: maxRemembered })
  const ids = new LRUCache<string, string>({ max: maxRemembered })
  const listeners = new Set<(organizationId: string | undefined) => void>()

  const ask = async (idOrSlug: string): Promise<VersionedStanding | undefined> => {
    const { epoch } = lease
    const row = await lookups.findPreviewChoices(idOrSlug)
    if (!row) return undefined
    const standing = toStanding(row)
    // N3: what was read while a change passed answers this one request and is not kept.
    if (lease.epoch === epoch) {
      standings.set(standing.id, standing)
      ids.set(standing.slug, standing.id)
    }
    return standing
  }

  const standingOf: Previews['standingOf'] = (idOrSlug) => {
    // A database cannot hold it, so nobody is called so.
    if (!isStorable(idOrSlug) || idOrSlug.length > 200) return undefined
    const known = lease.holds ? standings.get(ids.get(idOrSlug) ?? idOrSlug) : undefined
    return known ?? ask(idOrSlug)
  }

  const tell = (organizationId: string | undefined) => {
    for (const listener of listeners) listener(organizationId)
  }

  return {
    standingOf,
    async isOn(organizationId, key) {
      const standing = await standingOf(organizationId)
      const of = catalogue()
      const feature = of.features.find((it) => it.key === key)
      return standing !== undefined && feature !== undefined && isOn(feature, of, standing)
    },
    forget(what) {
      if (what === 'everything') {
        standings.clear()
        ids.clear()
        return tell(undefined)
      }
      for (const it of what) {
        if (it.kind !== 'organization') continue
        standings.delete(it.id)
        tell(it.id)
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

export type PreviewFeatureView = Omit<Feature, 'organizations' | 'requires'> & {
  requires: string[]
  enabled: boolean
  enabledAt: Date | null
  enabledBy: AccountName | null
}

export interface PreviewsView {
  features: PreviewFeatureView[]
  version: number
}

/** F8: what is listed and chosen together have one version, so a catalogue that changed meanwhile is a conflict, too. */
function viewOf(catalogue: Catalogue, standing: VersionedStanding, choices: ReadonlyMap<string, Choice>): PreviewsView {
  const listed = catalogue.features.filter((it) => isListed(it, standing))
  const view = ({ organizations: _, ...it }: Feature): PreviewFeatureView => ({
    ...it,
    requires: [...it.requires],
    enabled: choices.has(it.key),
    enabledAt: choices.get(it.key)?.enabledAt ?? null,
    enabledBy: choices.get(it.key)?.enabledBy ?? null,
  })
  return { features: listed.map(view), version: versionOf(catalogue, standing) }
}

/** F2: the features that this organization may choose, and what it chose. */
export const getPreviewFeatures = (deps: Deps, caller: Caller): Promise<PreviewsView> =>
  deps.read(caller.organizationId, async (db) => {
    const { standing, choices } = await readStanding(db, caller.organizationId)
    return viewOf(deps.catalogue.current(), standing, choices)
  })

/** F2–F4, F8: saves the choice among the listed, as a whole or not at all; choices of what is not listed stay. */
export function savePreviewFeatures(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: { enabled: readonly string[]; ifMatch: string },
): Promise<Result<PreviewsView, 'invalid_request' | 'precondition_failed' | Denial>> {
  const by = byOf(deps, caller, facts)
  const catalogue = deps.catalogue.current()
  return deps.change(by, async (tx, caller) => {
    const { standing, choices } = await readStanding(tx, caller.organizationId)
    const allowed = mayChoose(catalogue, standing, wanted.enabled)
    if (!allowed.ok) return allowed
    const now = viewOf(catalogue, standing, choices)
    if (String(now.version) !== wanted.ifMatch) return refuse('precondition_failed', { current: now })
    const next = nextChoice(catalogue, standing, wanted.enabled)
    const added = [...next].filter((key) => !standing.chosen.has(key)).sort()
    const dropped = [...standing.chosen].filter((key) => !next.has(key)).sort()
    if (added.length === 0 && dropped.length === 0) return { ok: true, value: now, unchanged: true }
    const version = standing.version + 1
    await writeChoices(tx, caller.organizationId, { added, dropped, version, at: by.at, by: caller.accountId })
    const after = await readStanding(tx, caller.organizationId)
    const event = {
      action: 'preview_features.updated' as const,
      target: { kind: 'preview_features' as const, id: caller.organizationId, name: 'Preview features' },
      before: { enabled: [...standing.chosen].sort() },
      after: { enabled: [...next].sort() },
    }
    return {
      ok: true,
      value: viewOf(catalogue, after.standing, after.choices),
      events: [event],
      forget: [{ kind: 'organization', id: caller.organizationId }],
    }
  })
}

export interface FeedbackView {
  id: string
  key: string
  text: string
  createdAt: Date
}

/** F5: what somebody who uses a preview says of it; the operator reads it. Of what is off there is nothing to say. */
export function giveFeedback(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { key, text }: { key: string; text: string },
): Promise<Result<FeedbackView, 'not_found' | Denial>> {
  const by = byOf(deps, caller, facts)
  const catalogue = deps.catalogue.current()
  return deps.change(by, async (tx, caller) => {
    const { standing } = await readStanding(tx, caller.organizationId)
    const feature = catalogue.features.find((it) => it.key === key)
    if (!feature || !isOn(feature, catalogue, standing)) return refuse('not_found')
    const id = deps.newId('fbk')
    await insertFeedback(tx, {
      id,
      organizationId: caller.organizationId,
      key,
      accountId: caller.accountId,
      text,
      at: by.at,
    })
    const event = {
      action: 'preview_feature.feedback_given' as const,
      target: { kind: 'preview_feature' as const, id: key, name: feature.name },
    }
    return { ok: true, value: { id, key, text, createdAt: by.at }, events: [event], forget: [] }
  })
}

export interface ReceivedFeedback {
  id: string
  feature: string
  organization: { id: string; name: string }
  account: { id: string; name: string }
  text: string
  createdAt: Date
}

/** What people wrote in all organizations, newest first; for the operator alone, who publishes the features. */
export async function listFeedback(
  { lookups }: Pick<Deps, 'lookups'>,
  asked: { feature?: string | undefined; before?: string | undefined },
  limit: number,
): Promise<ReceivedFeedback[]> {
  const rows = await lookups.listFeedback(asked, limit)
  return rows.map((row) => ({
    id: row.id,
    feature: row.feature_key,
    organization: { id: row.organization_id, name: row.organization_name },
    account: { id: row.account_id, name: row.account_name },
    text: row.text,
    createdAt: row.created_at,
  }))
}
