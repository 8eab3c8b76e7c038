import type { TokenScheme } from './http/token-schemes.ts'
import type { Trace } from './kernel/deps.ts'

/** What the configuration, or a test, chooses about the app. */
export interface Options {
  publicUrl: string
  productName: string
  secrets: readonly [string, ...string[]]
  resourceKeys: readonly string[]
  /** What /metrics accepts besides the resource keys. */
  metricsKeys?: readonly string[] | undefined
  consoleFolder: string
  /** Where keys may be fetched from though it is not globally reachable (E7). */
  allowedJwksHosts?: readonly string[]
  /** Origins of pages, besides the console's, that may call the API with a token; `*` is any. */
  corsOrigins?: readonly string[]
  /** What may carry a token besides `Authorization: Bearer`. */
  tokenSchemes?: readonly TokenScheme[]
  /** The catalogue of preview features (F1). */
  featuresFile?: string | undefined
  /** False for commands: they publish nothing, and their environment may name another catalogue than the instance's. */
  publishes?: boolean
  tokensPerAccount: number
  changesPerMinute: number
  /** OpenTelemetry, where it is configured. */
  trace?: Trace | undefined
  /** True once a stop was asked for: readiness drops. */
  stopping?: () => boolean
}
