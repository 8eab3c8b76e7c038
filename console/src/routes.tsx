import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  parseSearchWith,
  redirect,
  rootRouteId,
  stringifySearchWith,
} from '@tanstack/react-router'
import { lazy } from 'react'
import { auditQuery } from './features/audit-log/queries'
import { groupsQuery } from './features/groups/queries'
import { membersQuery } from './features/members/queries'
import { providersQuery } from './features/oauth-providers/queries'
import { serviceAccountsQuery } from './features/service-accounts/queries'
import { tokensQuery } from './features/tokens/queries'
import { anySettings as anySettingsPath, pages, paths } from './paths'
import { Broken, BrokenApart, Lost, NoOrganization, NotFound } from './shell/dead-ends'
import { adminsElsewhere, adminsOnly, membershipAt, prefetch, prefetchForAdmins, whoIsHere } from './shell/entry'
import { evaluationQuery } from './shell/evaluation'
import { Frame } from './shell/frame'
import { Opening } from './shell/opening'
import { instanceQuery, usualOrganization } from './shell/session'
import { SettingsLayout } from './shell/settings-layout'
import { WhenOn } from './shell/when-on'
import { PageSkeleton } from './ui/page'

/** Search parameters are texts; anything else that someone types there is left out. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): { [Key in Name]?: string | undefined } =>
    Object.fromEntries(
      names.flatMap((name) =>
        search[name] === undefined || search[name] === '' ? [] : [[name, String(search[name])]],
      ),
    ) as { [Key in Name]?: string }
}

// What each page keeps in its address beside its path.
const dialogSearch = texts('dialog', 'id')
const signInSearch = texts('back')
const resetSearch = texts('token')
const membersSearch = texts('search', 'status', 'role')
const namesSearch = texts('search')
const tokensSearch = texts('search', 'state')
const insightsSearch = texts('days', 'by')
const auditSearch = texts('from', 'to', 'action', 'actorId', 'targetId')

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  notFoundComponent: Lost,
  errorComponent: BrokenApart,
  pendingComponent: Opening,
  beforeLoad: ({ context }) => context.queryClient.ensureQueryData(instanceQuery),
})

const at = <Path extends string>(path: Path) => ({ getParentRoute: () => root, path }) as const

const signIn = createRoute({
  ...at(pages.signIn),
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('./shell/sign-in'), 'SignIn'),
})
const forgotPassword = createRoute({
  ...at(pages.forgotPassword),
  component: lazyRouteComponent(() => import('./shell/forgot-password'), 'ForgotPassword'),
})
const resetPassword = createRoute({
  ...at(pages.resetPassword),
  validateSearch: resetSearch,
  component: lazyRouteComponent(() => import('./shell/reset-password'), 'ResetPassword'),
})
const setup = createRoute({
  ...at(pages.setup),
  component: lazyRouteComponent(() => import('./features/setup/setup-page'), 'SetupPage'),
})
const invitation = createRoute({
  ...at(pages.invitation),
  component: lazyRouteComponent(() => import('./features/members/invitation-page'), 'InvitationPage'),
})

const home = createRoute({
  ...at(pages.home),
  component: NoOrganization,
  beforeLoad: async ({ context, location }) => {
    const { organizations } = await whoIsHere(context.queryClient, location.href)
    const usual = usualOrganization(organizations)
    if (usual) throw redirect({ ...paths.apis(usual.slug), replace: true })
  },
})
/** Addresses for documents and mails that can't know which organization their reader uses. */
const anySettings = createRoute({
  ...at(`${anySettingsPath}/$`),
  component: NoOrganization,
  beforeLoad: async ({ context, location }) => {
    const { organizations } = await whoIsHere(context.queryClient, location.href)
    const usual = usualOrganization(organizations)
    if (usual) throw redirect({ href: `/o/${usual.slug}${location.href}`, replace: true })
  },
})

const signedIn = createRoute({
  ...at(pages.signedIn),
  component: Frame,
  pendingComponent: Opening,
  notFoundComponent: () => <NotFound order={1} />,
  errorComponent: BrokenApart,
  validateSearch: dialogSearch,
  beforeLoad: async ({ context, params, location }) => {
    const { organizations } = await whoIsHere(context.queryClient, location.href)
    // Outside of the frame, which stands for an organization of theirs.
    if (!organizations.some(({ slug }) => slug === params.slug)) throw notFound({ routeId: rootRouteId })
  },
  // What is on is known before the first page is drawn, so that no tab appears under the pointer. Beside the page's code.
  loader: async ({ context, params }) => {
    const here = membershipAt({ context, params })
    if (here) await context.queryClient.ensureQueryData(evaluationQuery(here.id)).catch(() => undefined)
  },
})
/** The part of a page's address that is its own below its parent's. */
const inOrganization = <Path extends string>(page: `${typeof pages.signedIn}${Path}`) =>
  ({ getParentRoute: () => signedIn, path: page.slice(pages.signedIn.length) as Path }) as const
const inSettings = <Path extends string>(page: `${typeof pages.settings}${Path}`) =>
  ({ getParentRoute: () => settings, path: page.slice(pages.settings.length) as Path }) as const
const under = <Path extends string>(page: `${typeof pages.organization}${Path}`) =>
  ({ getParentRoute: () => organization, path: page.slice(pages.organization.length) as Path }) as const

const atOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ ...paths.apis(params.slug), replace: true })
  },
})
const settings = createRoute({ ...inOrganization(pages.settings), component: SettingsLayout })
const settingsIndex = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ ...paths.account(params.slug), replace: true })
  },
})
const account = createRoute({
  ...inSettings(pages.account),
  component: lazyRouteComponent(() => import('./features/account/account-page'), 'AccountPage'),
})
const apis = createRoute({
  ...inSettings(pages.apis),
  loader: (entry) =>
    prefetch(entry, (client, org) => client.prefetchInfiniteQuery(tokensQuery(org, { accountId: 'me' }))),
  component: lazyRouteComponent(() => import('./features/tokens/apis-page'), 'ApisPage'),
})
const TokenInsightsPage = lazy(async () => ({
  default: (await import('./features/token-insights/token-insights-page')).TokenInsightsPage,
}))
const tokenInsights = createRoute({
  ...inSettings(pages.tokenInsights),
  validateSearch: insightsSearch,
  component: () => (
    <WhenOn feature="token-insights">
      <TokenInsightsPage />
    </WhenOn>
  ),
})

const organization = createRoute({
  ...inSettings(pages.organization),
  component: lazyRouteComponent(() => import('./features/organization/organization-layout'), 'OrganizationLayout'),
})
const overview = createRoute({
  getParentRoute: () => organization,
  path: '/',
  beforeLoad: (entry) => adminsElsewhere(entry),
  component: lazyRouteComponent(() => import('./features/organization/overview-page'), 'OverviewPage'),
})
const members = createRoute({
  ...under(pages.members),
  ...adminsOnly,
  validateSearch: membersSearch,
  loader: (entry) => prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(membersQuery(org, {}))),
  component: lazyRouteComponent(() => import('./features/members/members-page'), 'MembersPage'),
})
const member = createRoute({
  ...under(pages.member),
  ...adminsOnly,
  component: lazyRouteComponent(() => import('./features/members/member-page'), 'MemberPage'),
})
const groups = createRoute({
  ...under(pages.groups),
  ...adminsOnly,
  validateSearch: namesSearch,
  loader: (entry) =>
    prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(groupsQuery(org, undefined))),
  component: lazyRouteComponent(() => import('./features/groups/groups-page'), 'GroupsPage'),
})
const group = createRoute({
  ...under(pages.group),
  component: lazyRouteComponent(() => import('./features/groups/group-page'), 'GroupPage'),
})
const serviceAccounts = createRoute({
  ...under(pages.serviceAccounts),
  ...adminsOnly,
  validateSearch: namesSearch,
  loader: (entry) =>
    prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(serviceAccountsQuery(org, undefined))),
  component: lazyRouteComponent(
    () => import('./features/service-accounts/service-accounts-page'),
    'ServiceAccountsPage',
  ),
})
const serviceAccount = createRoute({
  ...under(pages.serviceAccount),
  ...adminsOnly,
  component: lazyRouteComponent(() => import('./features/service-accounts/service-account-page'), 'ServiceAccountPage'),
})
const oauthProviders = createRoute({
  ...under(pages.oauthProviders),
  ...adminsOnly,
  loader: (entry) => prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(providersQuery(org))),
  component: lazyRouteComponent(() => import('./features/oauth-providers/oauth-providers-page'), 'OAuthProvidersPage'),
})
const oauthProvider = createRoute({
  ...under(pages.oauthProvider),
  ...adminsOnly,
  component: lazyRouteComponent(() => import('./features/oauth-providers/oauth-provider-page'), 'OAuthProviderPage'),
})
const tokens = createRoute({
  ...under(pages.tokens),
  ...adminsOnly,
  validateSearch: tokensSearch,
  loader: (entry) => prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(tokensQuery(org, {}))),
  component: lazyRouteComponent(() => import('./features/tokens/organization-tokens-page'), 'OrganizationTokensPage'),
})
const auditLog = createRoute({
  ...under(pages.auditLog),
  ...adminsOnly,
  validateSearch: auditSearch,
  loader: (entry) => prefetchForAdmins(entry, (client, org) => client.prefetchInfiniteQuery(auditQuery(org, {}))),
  component: lazyRouteComponent(() => import('./features/audit-log/audit-log-page'), 'AuditLogPage'),
})

const tree = root.addChildren([
  signIn,
  forgotPassword,
  resetPassword,
  setup,
  invitation,
  home,
  anySettings,
  signedIn.addChildren([
    atOrganization,
    settings.addChildren([
      settingsIndex,
      account,
      apis,
      tokenInsights,
      organization.addChildren([
        overview,
        members,
        member,
        groups,
        group,
        serviceAccounts,
        serviceAccount,
        oauthProviders,
        oauthProvider,
        tokens,
        auditLog,
      ]),
    ]),
  ]),
])

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 150,
    defaultPendingComponent: PageSkeleton,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: () => <NotFound />,
    scrollRestoration: true,
    parseSearch: parseSearchWith((text) => text),
    stringifySearch: stringifySearchWith(String),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
  interface StaticDataRouteOption {
    adminsOnly?: boolean
  }
}
