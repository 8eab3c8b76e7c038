import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import type { Result } from '../../kernel/result.ts'
import type { AccountName, Caller } from '../accounts/rules.ts'

export interface MappingView {
  id: string
  accountId: string
  account: AccountName
  providerId: string
  provider: { id: string; name: string }
  subject: string
  displayName: string
  createdAt: Date
}

const missing = (): never => {
  throw new Error('not there yet')
}

export const listAccountMappings = async (
  _deps: Deps,
  _caller: Caller,
  _of: {
    accountId?: string | undefined
    providerId?: string | undefined
    after: string | undefined
    limit: number
  },
): Promise<MappingView[]> => missing()
export const createAccountMapping = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _wanted: { accountId: string; providerId: string; subject: string; displayName: string },
): Promise<Result<MappingView, 'mapping_exists' | 'subject_taken' | 'invalid_request'>> => missing()
export const updateAccountMapping = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _wanted: { id: string; displayName: string },
): Promise<Result<MappingView, 'not_found'>> => missing()
export const deleteAccountMapping = async (
  _deps: Deps,
  _caller: Caller,
  _facts: RequestFacts,
  _id: string,
): Promise<Result<void, 'not_found'>> => missing()
