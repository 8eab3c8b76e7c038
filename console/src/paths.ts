/** Every address of the console. A link is made here or not at all. */

const settings = '/o/$slug/settings'
const organization = `${settings}/organization` as const

export const paths = {
  home: () => ({ to: '/' }) as const,
  signIn: (back?: string) => ({ to: '/sign-in', search: back === undefined ? {} : { back } }) as const,
  forgotPassword: () => ({ to: '/forgot-password' }) as const,
  account: (slug: string) => ({ to: `${settings}/account`, params: { slug } }) as const,
  apis: (slug: string) => ({ to: `${settings}/apis`, params: { slug } }) as const,
  tokenInsights: (slug: string) => ({ to: `${settings}/token-insights`, params: { slug } }) as const,
  organization: (slug: string) => ({ to: organization, params: { slug } }) as const,
  members: (slug: string) => ({ to: `${organization}/members`, params: { slug } }) as const,
  member: (slug: string, id: string) => ({ to: `${organization}/members/$id`, params: { slug, id } }) as const,
  groups: (slug: string) => ({ to: `${organization}/groups`, params: { slug } }) as const,
  group: (slug: string, id: string) => ({ to: `${organization}/groups/$id`, params: { slug, id } }) as const,
  serviceAccounts: (slug: string) => ({ to: `${organization}/service-accounts`, params: { slug } }) as const,
  serviceAccount: (slug: string, id: string) =>
    ({ to: `${organization}/service-accounts/$id`, params: { slug, id } }) as const,
  oauthProviders: (slug: string) => ({ to: `${organization}/oauth-providers`, params: { slug } }) as const,
  oauthProvider: (slug: string, id: string) =>
    ({ to: `${organization}/oauth-providers/$id`, params: { slug, id } }) as const,
  tokens: (slug: string) => ({ to: `${organization}/api-tokens`, params: { slug } }) as const,
  auditLog: (slug: string) => ({ to: `${organization}/audit-log`, params: { slug } }) as const,
}

/** Outside the console, but of the same server. */
export const apiDocumentation = '/docs'
