import type { KnowsKey } from './credentials.ts'
import type { Door } from './door.ts'
import { forwardAuth } from './forward-auth.ts'
import type { GateOptions } from './gate-decide.ts'
import { introspection } from './introspection.ts'

/** The hot doors, on bare node:http in front of the router: introspection and forward-auth. */
export function gateListener(options: GateOptions, knowsKey: KnowsKey): Door {
  const introspect = introspection(options, knowsKey)
  const forward = forwardAuth(options)
  return (...request) => introspect(...request) || forward(...request)
}
