import { accountMappingRoutes } from './features/account-mappings/routes.ts'
import { accountRoutes } from './features/accounts/routes.ts'
import { auditRoutes } from './features/audit/routes.ts'
import { groupMemberRoutes } from './features/group-members/routes.ts'
import { groupRoutes } from './features/groups/routes.ts'
import { impactRoutes } from './features/impact/routes.ts'
import { invitationAcceptanceRoutes } from './features/invitation-acceptance/routes.ts'
import { invitationRoutes } from './features/invitations/routes.ts'
import { memberRoutes } from './features/members/routes.ts'
import { oauthProviderRoutes } from './features/oauth-providers/routes.ts'
import { organizationRoutes } from './features/organizations/routes.ts'
import { previewRoutes } from './features/previews/routes.ts'
import { propagationRoutes } from './features/propagation/routes.ts'
import { serviceAccountRoutes } from './features/service-accounts/routes.ts'
import { settingsRoutes } from './features/settings/routes.ts'
import { setupRoutes } from './features/setup/routes.ts'
import { signInRoutes } from './features/sign-in/routes.ts'
import { tokenRoutes } from './features/tokens/routes.ts'
import { usageRoutes } from './features/usage/routes.ts'
import { doorPaths } from './http/openapi-doors.ts'

/** Every route of the management API; the OpenAPI document and the route table test read this list. */
export const routes = [
  ...accountRoutes,
  ...organizationRoutes,
  ...settingsRoutes,
  ...impactRoutes,
  ...propagationRoutes,
  ...memberRoutes,
  ...invitationRoutes,
  ...invitationAcceptanceRoutes,
  ...serviceAccountRoutes,
  ...groupRoutes,
  ...groupMemberRoutes,
  ...usageRoutes,
  ...tokenRoutes,
  ...oauthProviderRoutes,
  ...accountMappingRoutes,
  ...previewRoutes,
  ...auditRoutes,
  ...setupRoutes,
]

/** What the OpenAPI document tells of. */
export const described = { routes, signIn: signInRoutes, doors: doorPaths }
