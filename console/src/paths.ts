/** Every address of the console. A link is made here or not at all. */

const settings = '/o/$slug/settings'
const organization = `${settings}/organization` as const

/** Every page of the console. The router is built from this list, and the server answers with the console for these alone. */
export const pages = {
  home: '/',
  signIn: '/sign-in',
  forgotPassword: '/forgot-password',
  resetPassword: '/reset-password',
  setup: '/setup/$secret',
  invitation: '/invitations/$secret',
  signedIn: '/o/$slug',
  settings,
  account: `${settings}/account`,
  apis: `${settings}/apis`,
  tokenInsights: `${settings}/token-insights`,
  organization,
  members: `${organization}/members`,
  member: `${organization}/members/$id`,
  groups: `${organization}/groups`,
  group: `${organization}/groups/$id`,
  serviceAccounts: `${organization}/service-accounts`,
  serviceAccount: `${organization}/service-accounts/$id`,
  oauthProviders: `${organization}/oauth-providers`,
  oauthProvider: `${organization}/oauth-providers/$id`,
  tokens: `${organization}/api-tokens`,
  auditLog: `${organization}/audit-log`,
} as const

/** Addresses for documents and mails whose reader's organization is not known. Each leads to the page below `settings`. */
export const anySettings = '/settings'

export const paths = {
  home: () => ({ to: pages.home }) as const,
  signIn: (back?: string) => ({ to: pages.signIn, search: back === undefined ? {} : { back } }) as const,
  forgotPassword: () => ({ to: pages.forgotPassword }) as const,
  account: (slug: string) => ({ to: pages.account, params: { slug } }) as const,
  apis: (slug: string) => ({ to: pages.apis, params: { slug } }) as const,
  tokenInsights: (slug: string) => ({ to: pages.tokenInsights, params: { slug } }) as const,
  organization: (slug: string) => ({ to: pages.organization, params: { slug } }) as const,
  members: (slug: string) => ({ to: pages.members, params: { slug } }) as const,
  member: (slug: string, id: string) => ({ to: pages.member, params: { slug, id } }) as const,
  groups: (slug: string) => ({ to: pages.groups, params: { slug } }) as const,
  group: (slug: string, id: string) => ({ to: pages.group, params: { slug, id } }) as const,
  serviceAccounts: (slug: string) => ({ to: pages.serviceAccounts, params: { slug } }) as const,
  serviceAccount: (slug: string, id: string) => ({ to: pages.serviceAccount, params: { slug, id } }) as const,
  oauthProviders: (slug: string) => ({ to: pages.oauthProviders, params: { slug } }) as const,
  oauthProvider: (slug: string, id: string) => ({ to: pages.oauthProvider, params: { slug, id } }) as const,
  tokens: (slug: string) => ({ to: pages.tokens, params: { slug } }) as const,
  auditLog: (slug: string) => ({ to: pages.auditLog, params: { slug } }) as const,
}

/** Outside the console, but of the same server. */
export const apiDocumentation = '/docs'
