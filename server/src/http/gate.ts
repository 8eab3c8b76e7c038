import type { KnowsKey } from './credentials.ts'
import type { Door } from './door.ts'
import { forwardAuth } from './forward-auth.ts'
import type { GateOptions } from './gate-decide.ts'
import { introspection } from './introspection.ts'
import type { TokenScheme } from './token-schemes.ts'

/** The hot doors, on bare node:http in front of the router: introspection and forward-auth. */
export function gateListener(options: GateOptions, knowsKey: KnowsKey, schemes: readonly TokenScheme[] = []): Door {
  const introspect = introspection(options, knowsKey)
  const forward = forwardAuth(options, schemes)
  return (...request) => introspect(...request) || forward(...request)
}
