import { readFileSync } from 'node:fs'

/** What one place was last seen to answer: when the request was sent, by a clock that all processes share. */
export interface Sighting {
  acceptedAtMs: number
  refusedAtMs: number
}

/** What a peer that watches places is given, in the file that `QUESTION` names. */
export interface Question {
  ports: number[]
  probe: string
  others: string[]
}

export const readQuestion = (): Question => JSON.parse(readFileSync(process.env.QUESTION ?? '', 'utf8')) as Question

/** Notes what places answer, and tells it to the parent whenever that asks; ends with it. */
export function buildSightings(places: number) {
  const seen = Array.from({ length: places }, (): Sighting => ({ acceptedAtMs: 0, refusedAtMs: 0 }))
  process.on('message', () => process.send?.(seen))
  process.on('disconnect', () => process.exit())
  return {
    note: (place: number, active: boolean, sentAtMs: number): void => {
      const it = seen[place]
      if (!it) return
      // Answers of several connections may overtake each other.
      if (active) it.acceptedAtMs = Math.max(it.acceptedAtMs, sentAtMs)
      else it.refusedAtMs = Math.max(it.refusedAtMs, sentAtMs)
    },
  }
}
