import { expect, test } from 'vitest'
import { paths } from './paths'

const filled = ({ to, params = {} }: { to: string; params?: Record<string, string> }) =>
  to.replace(/\$(\w+)/g, (_, name: string) => params[name] ?? `missing ${name}`)

test('every address of the console', () => {
  const all = {
    home: paths.home(),
    signIn: paths.signIn('/o/acme/settings/apis'),
    forgotPassword: paths.forgotPassword(),
    account: paths.account('acme'),
    apis: paths.apis('acme'),
    tokenInsights: paths.tokenInsights('acme'),
    organization: paths.organization('acme'),
    members: paths.members('acme'),
    member: paths.member('acme', 'mem_1'),
    groups: paths.groups('acme'),
    group: paths.group('acme', 'grp_1'),
    serviceAccounts: paths.serviceAccounts('acme'),
    serviceAccount: paths.serviceAccount('acme', 'svc_1'),
    oauthProviders: paths.oauthProviders('acme'),
    oauthProvider: paths.oauthProvider('acme', 'idp_1'),
    tokens: paths.tokens('acme'),
    auditLog: paths.auditLog('acme'),
  } satisfies Record<keyof typeof paths, unknown>
  expect(Object.fromEntries(Object.entries(all).map(([name, path]) => [name, filled(path)]))).toEqual({
    home: '/',
    signIn: '/sign-in',
    forgotPassword: '/forgot-password',
    account: '/o/acme/settings/account',
    apis: '/o/acme/settings/apis',
    tokenInsights: '/o/acme/settings/token-insights',
    organization: '/o/acme/settings/organization',
    members: '/o/acme/settings/organization/members',
    member: '/o/acme/settings/organization/members/mem_1',
    groups: '/o/acme/settings/organization/groups',
    group: '/o/acme/settings/organization/groups/grp_1',
    serviceAccounts: '/o/acme/settings/organization/service-accounts',
    serviceAccount: '/o/acme/settings/organization/service-accounts/svc_1',
    oauthProviders: '/o/acme/settings/organization/oauth-providers',
    oauthProvider: '/o/acme/settings/organization/oauth-providers/idp_1',
    tokens: '/o/acme/settings/organization/api-tokens',
    auditLog: '/o/acme/settings/organization/audit-log',
  })
})
