export type { Fault, Metric, StreamEnd } from './metric.ts'
export type { VerifierOptions } from './options.ts'
export type { Account, Active, Group, Inactive, Reason, Token, Verification, Whose } from './verification.ts'
export { createVerifier, type Stats, type Verifier } from './verifier.ts'
