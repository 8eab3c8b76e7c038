import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import type { Result } from '../../kernel/result.ts'
import type { AccountName, Caller } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'
import type { SignatureAlgorithm } from './rules.ts'

export interface ProviderView {
  id: string
  name: string
  issuer: string
  jwksUrl: string
  audiences: string[]
  algorithms: SignatureAlgorithm[]
  subjectClaim: string
  scopeClaim: string
  requireScope: boolean
  clockTolerance: number
  maxLifetime: number
  enabled: boolean
  createdAt: Date
  mappingCount: number
  keys: { fetchedAt: Date | null; count: number; lastError: string | null }
}

type Fields = Omit<ProviderView, 'id' | 'createdAt' | 'mappingCount' | 'keys'>
type Optional<T> = { [K in keyof T]?: T[K] | undefined }

const missing = (): never => {
  throw new Error('not there yet')
}

export const listOAuthProviders = async (
  _deps: Deps,
  _caller: Caller,
  _page: { after: string | undefined; limit: number },
): Promise<ProviderView[]> => missing()
export const createOAuthProvider = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _wanted: Fields,
): Promise<Result<ProviderView, 'provider_conflict' | 'invalid_request'>> => missing()
export const getOAuthProvider = async (
  _deps: Deps,
  _caller: Caller,
  _id: string,
): Promise<Result<ProviderView, 'not_found'>> => missing()
export const updateOAuthProvider = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _wanted: { id: string } & Optional<Omit<Fields, 'issuer'>>,
): Promise<Result<ProviderView, 'not_found' | 'provider_conflict' | 'provider_in_use' | 'invalid_request'>> => missing()
export const deleteOAuthProvider = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _id: string,
): Promise<Result<void, 'not_found'>> => missing()
export const refreshProviderKeys = async (
  _deps: Deps,
  _caller: Caller,
  _id: string,
): Promise<Result<ProviderView, 'not_found'>> => missing()
export const checkProviderToken = async (
  _deps: Deps,
  _caller: Caller,
  _asked: { id: string; token: string },
): Promise<
  Result<
    {
      accepted: boolean
      checks: { name: string; passed: boolean; detail: string }[]
      account?: AccountName
      role?: Role
    },
    'not_found'
  >
> => missing()
export const discoverIssuer = async (
  _deps: Deps,
  _issuer: string,
): Promise<Result<{ jwksUrl: string }, 'invalid_request'>> => missing()
