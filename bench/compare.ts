import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type Load, type Loaded, load } from './load.ts'
import { median } from './table.ts'

export interface Effort {
  /** How often each contender runs; the median counts, since other people's work runs on the same machine. */
  rounds: number
  seconds: number
}

type Contender = Omit<Load, 'seconds'>

/**
 * Servers on the first core and this client on the last, where the system can do that: moved about between cores, a
 * server that is a little slower than its client pays for each microsecond of its own twice. Answers how to let this
 * process go again, since whatever it starts later would inherit its one core.
 */
export function keepApart(servers: readonly (number | undefined)[]): () => void {
  const cores = availableParallelism()
  if (process.platform !== 'linux' || cores < 2) return () => undefined
  const pin = (pid: number, to: string) => void spawnSync('taskset', ['-a', '-c', '-p', to, `${pid}`])
  for (const pid of servers) if (pid !== undefined) pin(pid, '0')
  pin(process.pid, `${cores - 1}`)
  return () => pin(process.pid, `0-${cores - 1}`)
}

/** Loads the contenders in turn, round after round, so that a noisy minute hits all of them. */
export async function takeTurns<Name extends string>(
  contenders: Record<Name, Contender>,
  { rounds, seconds }: Effort,
): Promise<Record<Name, Loaded[]>> {
  const results = {} as Record<Name, Loaded[]>
  const names = Object.keys(contenders) as Name[]
  const letGo = keepApart(names.map((name) => contenders[name].pid))
  try {
    for (const name of names) {
      results[name] = []
      // Warm: compiled, remembered, connected.
      await load({ ...contenders[name], seconds: Math.min(1, seconds) })
    }
    for (let round = 0; round < rounds; round += 1)
      for (const name of names) results[name].push(await load({ ...contenders[name], seconds }))
  } finally {
    letGo()
  }
  return results
}

/** How many times as many requests per second as beside it: the median of the rounds' own ratios. */
export const timesAsMany = (ours: readonly Loaded[], theirs: readonly Loaded[]): number =>
  median(ours.map((it, i) => it.perSecond / (theirs[i]?.perSecond ?? Number.NaN)))

const thousands = (value: number) => (value >= 10_000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(0))

export const summary = (results: readonly Loaded[]): string =>
  `${thousands(median(results.map((it) => it.perSecond)))}/s (${median(results.map((it) => it.cpuMicros)).toFixed(1)} µs)`

/** Runs two things in turn and gives the median time of each in milliseconds. */
export async function timeInTurns(times: number, works: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const taken: number[][] = works.map(() => [])
  for (let i = 0; i < times; i += 1) {
    for (const [at, work] of works.entries()) {
      const startedAt = performance.now()
      await work()
      taken[at]?.push(performance.now() - startedAt)
    }
  }
  return taken.map(median)
}
