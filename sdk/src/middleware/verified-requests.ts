import type { Active } from '../verification.ts'

const registryKey = Symbol.for('@portcullis/sdk/verified-requests')
const registry = globalThis as { [registryKey]?: WeakMap<object, Active> }

/**
 * What was verified, by the framework's own object for a request. A process may load this package twice, as ES module
 * and as CommonJS; both copies share one map, or the handler would not find what the middleware verified.
 */
export const verifiedRequests: WeakMap<object, Active> = registry[registryKey] ?? new WeakMap()
registry[registryKey] = verifiedRequests
