import { useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMatchRoute, useNavigate } from '@tanstack/react-router'
import { apiDocumentation, paths } from '../../paths'
import { signOut } from '../../shell/auth'
import { useFeatures } from '../../shell/evaluation'
import {
  adminDeeds,
  colorSchemes,
  createToken,
  type Deed,
  manageDeeds,
  organizationPlaces,
  settingsPlaces,
} from '../../shell/navigation'
import { useMe, useMembership } from '../../shell/session'
import { notifyFailure } from '../../ui/notify'
import { useDialog } from '../../ui/use-dialog'
import { abilityQuery } from '../tokens/queries'
import type { Command } from './commands'

/** Every page and every action that this person has here, from the lists that menus and tabs are made of. */
export function useCommands(): Command[] {
  const { organizations } = useMe()
  const here = useMembership()
  const { slug, role } = here
  const feature = useFeatures()
  const navigate = useNavigate()
  const matches = useMatchRoute()
  const { open } = useDialog()
  const { setColorScheme } = useMantineColorScheme()
  const { data: ability } = useQuery(abilityQuery(here.id, here.accountId))
  const admin = role === 'admin'

  const pages = [...settingsPlaces(here), ...(admin ? organizationPlaces(slug) : [])]
    .filter((place) => !place.feature || feature(place.feature).on)
    .map(
      (place): Command => ({
        key: `page ${place.path.to}`,
        label: place.label,
        group: 'Pages',
        feature: place.feature,
        run: () => void navigate(place.path),
      }),
    )
  // Over the page that is open, where it has the dialog too; else over its own.
  const deed = ({ label, dialog, path }: Deed, anywhere = path): Command => ({
    key: `do ${dialog}`,
    label,
    group: 'Actions',
    run: () => void (matches({ ...anywhere, fuzzy: true }) ? open(dialog) : navigate({ ...path, search: { dialog } })),
  })
  const others = organizations.filter(({ id }) => id !== here.id)
  return [
    ...pages,
    {
      key: 'help',
      label: 'Help',
      group: 'Pages',
      run: () => void window.open(apiDocumentation, '_blank', 'noreferrer'),
    },
    ...(ability?.allowed ? [deed(createToken(slug))] : []),
    ...(admin ? adminDeeds(slug).map((it) => deed(it)) : []),
    ...(admin ? manageDeeds(slug).map((it) => deed(it, paths.organization(slug))) : []),
    ...others.map(
      ({ id, slug, name }): Command => ({
        key: `switch ${id}`,
        label: `Switch to ${name}`,
        group: 'Actions',
        run: () => void navigate(paths.apis(slug)),
      }),
    ),
    ...colorSchemes.map(
      ({ value, label }): Command => ({
        key: `colours ${value}`,
        label: `Colours: ${label}`,
        group: 'Actions',
        run: () => setColorScheme(value),
      }),
    ),
    {
      key: 'sign-out',
      label: 'Sign out',
      group: 'Actions',
      run: () => void signOut().then(() => window.location.assign('/sign-in'), notifyFailure),
    },
  ]
}
