import { queryOptions } from '@tanstack/react-query'
import { getSession, listSessions } from '../../shell/auth'

export const sessionQuery = queryOptions({ queryKey: ['session'], queryFn: getSession })
export const sessionsQuery = queryOptions({ queryKey: ['sessions'], queryFn: listSessions })
