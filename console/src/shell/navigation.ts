import { paths } from '../paths'
import type { Path } from '../ui/links'
import type { FeatureKey } from './evaluation'
import type { Membership } from './session'

/** A page that can be gone to. One that belongs to a previewed feature is there while that is on, and carries its tag. */
export type Place = { label: string; path: Path; feature?: FeatureKey }
/** Something that can be done: a dialog of a page, by its address. */
export type Deed = { label: string; dialog: string; path: Path }

// What menus and tabs show, and the command palette finds, is listed once.

export const settingsPlaces = ({ slug, name }: Pick<Membership, 'slug' | 'name'>): Place[] => [
  { label: 'Account', path: paths.account(slug) },
  { label: 'APIs', path: paths.apis(slug) },
  { label: 'Token insights', path: paths.tokenInsights(slug), feature: 'token-insights' },
  { label: name, path: paths.organization(slug) },
]

/** Under the tab that is named after the organization, for its admins. */
export const organizationPlaces = (slug: string): Place[] => [
  { label: 'Members', path: paths.members(slug) },
  { label: 'Groups', path: paths.groups(slug) },
  { label: 'Service accounts', path: paths.serviceAccounts(slug) },
  { label: 'OAuth providers', path: paths.oauthProviders(slug) },
  { label: 'API tokens', path: paths.tokens(slug) },
  { label: 'Audit log', path: paths.auditLog(slug) },
]

/** The menu "Manage". Its dialogs lie over whichever page of the organization is open. */
export const manageDeeds = (slug: string): Deed[] => [
  { label: 'Update organization settings', dialog: 'organization-settings', path: paths.members(slug) },
  { label: 'Manage preview features', dialog: 'preview-features', path: paths.members(slug) },
  { label: 'Rename organization', dialog: 'rename-organization', path: paths.members(slug) },
]

/** What the pages' own buttons do. */
export const createToken = (slug: string): Deed => ({
  label: 'Create token',
  dialog: 'create-token',
  path: paths.apis(slug),
})
export const adminDeeds = (slug: string): Deed[] => [
  { label: 'Add members', dialog: 'add-members', path: paths.members(slug) },
  { label: 'Add group', dialog: 'add-group', path: paths.groups(slug) },
  { label: 'Add service account', dialog: 'add-service-account', path: paths.serviceAccounts(slug) },
  { label: 'Add provider', dialog: 'add-provider', path: paths.oauthProviders(slug) },
]

export const colorSchemes = [
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'auto', label: 'System' },
] as const
