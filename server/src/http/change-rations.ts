import { LRUCache } from 'lru-cache'
import { type Limit, type ReachedLimit, waitSeconds } from '../kernel/limits.ts'

/**
 * How many changes an account, and an organization, may make: a member or a tenant must not fill a disk that all share.
 * Counted in the memory of each process, so that a flood of changes writes nothing at all.
 */
export interface ChangeRations {
  /** Counts one change; the whole seconds to wait when a ration is used up. */
  take: (who: { account: string; organization?: string | undefined }) => number | undefined
  /** Takes back what turned out to be no change. */
  giveBack: (account: string) => void
}

const minute = 60
const day = 24 * 60 * minute
/** A day allows what half an hour of full speed does, and an organization what five accounts do. */
const dailyMinutes = 30
const accountsPerOrganization = 5

export const toChangeLimits = (perMinute: number): Record<'change' | 'change_organization', readonly Limit[]> => {
  const limitsOf = (most: number) => [
    { most, seconds: minute },
    { most: most * dailyMinutes, seconds: day },
  ]
  return { change: limitsOf(perMinute), change_organization: limitsOf(perMinute * accountsPerOrganization) }
}

interface Window {
  count: number
  startedMs: number
}

/** Fixed windows by subject. Those used least recently are evicted, so that memory stays bounded. */
function createWindows(limits: readonly Limit[], nowMs: () => number) {
  const subjects = new LRUCache<string, Window[]>({ max: 50_000 })
  const windowsOf = (subject: string): Window[] => {
    const at = nowMs()
    const known = subjects.get(subject) ?? []
    const windows = limits.map(({ seconds }, i) => {
      const window = known[i]
      return window && at - window.startedMs < seconds * 1000 ? window : { count: 0, startedMs: at }
    })
    subjects.set(subject, windows)
    return windows
  }
  const add = (subject: string, amount: number) => {
    for (const window of windowsOf(subject)) window.count = Math.max(0, window.count + amount)
  }
  /** The longest wait until one more fits; undefined when one fits now. */
  const waitOf = (subject: string): number | undefined => {
    const windows = windowsOf(subject)
    const waits = limits.map((limit, i) => {
      const { count = 0, startedMs = 0 } = windows[i] ?? {}
      return waitSeconds(limit, { count: count + 1, startedMs }, nowMs()) ?? 0
    })
    return Math.max(...waits) || undefined
  }
  return { add, waitOf }
}

/** `nowMs` is monotonic: a clock that is set back must not prolong a wait. */
export function createChangeRations(
  perMinute: number,
  nowMs: () => number,
  refused: (limit: ReachedLimit) => void = () => undefined,
): ChangeRations {
  const limits = toChangeLimits(perMinute)
  const accounts = createWindows(limits.change, nowMs)
  const organizations = createWindows(limits.change_organization, nowMs)
  return {
    take: ({ account, organization }) => {
      const ownWait = accounts.waitOf(account)
      const wait = ownWait ?? (organization === undefined ? undefined : organizations.waitOf(organization))
      if (wait !== undefined) {
        refused(ownWait === undefined ? 'change_organization' : 'change')
        return wait
      }
      accounts.add(account, 1)
      if (organization !== undefined) organizations.add(organization, 1)
      return undefined
    },
    giveBack: (account) => accounts.add(account, -1),
  }
}
