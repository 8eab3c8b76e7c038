/** Requests whose answers were not taken yet that the router has of one address, and of one account (or person). */
export const mostAtOnce = { client: 200, account: 50 } as const

/** How many are at it at once, by who they are; in this process alone. */
export interface Crowd {
  /** Are there `most` already? */
  isFull: (who: string) => boolean
  /** Counts one in; answers what counts it out again (more than once does no harm). Undefined: there are `most` already. */
  enter: (who: string) => (() => void) | undefined
}

export function crowd(most: number): Crowd {
  const present = new Map<string, number>()
  const isFull = (who: string) => (present.get(who) ?? 0) >= most
  return {
    isFull,
    enter: (who) => {
      if (isFull(who)) return undefined
      present.set(who, (present.get(who) ?? 0) + 1)
      let inside = true
      return () => {
        if (!inside) return
        inside = false
        const left = (present.get(who) ?? 1) - 1
        if (left === 0) present.delete(who)
        else present.set(who, left)
      }
    },
  }
}
