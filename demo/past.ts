import { randomBytes, randomUUID } from 'node:crypto'
import { fromUUID } from 'typeid-js'
import { createOperatorAuthority } from '../server/src/db/authority.ts'
import { createOperatorChange } from '../server/src/db/change.ts'
import { openDatabase } from '../server/src/db/open.ts'
import type { IdPrefix } from '../server/src/kernel/ids.ts'
import type { Result } from '../server/src/kernel/result.ts'
import { createLog } from '../server/src/log.ts'
import { wire } from '../server/src/wire.ts'
import { browsers, password } from './people.ts'

const dayMs = 86_400_000

/** An id as the service makes them (UUIDv7 in Crockford's base32), of another time: lists are in the order of ids. */
function idAt(prefix: IdPrefix, at: Date, number: number): string {
  const time = at.getTime().toString(16).padStart(12, '0')
  const random = randomBytes(8).toString('hex').slice(1)
  const uuid = `${time.slice(0, 8)}-${time.slice(8)}-7${(number % 4096).toString(16).padStart(3, '0')}-8${random.slice(0, 3)}-${random.slice(3)}`
  return fromUUID(uuid, prefix)
}

/** Chance that falls alike in every demo (mulberry32). */
function dice(seed: number) {
  let state = seed
  const roll = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let it = Math.imul(state ^ (state >>> 15), 1 | state)
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it
    return ((it ^ (it >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (low: number, high: number) => low + Math.floor(roll() * (high - low + 1))
  return { between, pick: <T>(list: readonly T[]): T => list[between(0, list.length - 1)]! }
}

export type Past = Awaited<ReturnType<typeof openPast>>

/**
 * The service's own actions on a clock that is set: what happened months ago is done by the same rules, under the same
 * constraints and with the same audit events as what happens now, so nothing here has to know how a row looks.
 */
export async function openPast(dataFolder: string) {
  const today = Math.floor(Date.now() / dayMs) * dayMs
  const clock = { now: new Date() }
  const chance = dice(20)
  let ids = 0
  const database = await openDatabase({ dataFolder, synced: false })
  const wired = await wire(
    {
      publicUrl: 'http://localhost:3000',
      productName: 'AI Hub',
      // Signs nothing that outlives this preparation.
      secrets: [randomBytes(32).toString('hex')],
      resourceKeys: [randomBytes(32).toString('hex')],
      consoleFolder: '/nonexistent',
      tokensPerAccount: 1000,
      changesPerMinute: 1_000_000,
    },
    database,
    { configured: false, send: async () => undefined },
    createLog('silent'),
    { now: () => clock.now, newId: (prefix) => idAt(prefix, clock.now, ids++), randomBytes },
  )
  const { deps } = wired
  // Hashing is slow on purpose, and everybody here has the same password.
  const hashed = deps.passwords.hash(password)
  deps.passwords.hash = () => hashed
  deps.sessions.start = async () => []
  // Nobody of the past has a session that could be judged.
  deps.change = createOperatorChange(deps.change, { authority: createOperatorAuthority() })

  const happenings: { at: number; run: () => Promise<void> }[] = []
  return {
    wired,
    owner: database.owner,
    chance,
    today,
    /** An hour of a day in the past. */
    hour: (daysAgo: number, hours: number) => new Date(today - daysAgo * dayMs + hours * 3_600_000),
    /** Some moment of a working day in the past. */
    someTime: (daysAgo: number) => new Date(today - daysAgo * dayMs + chance.between(7 * 60, 17 * 60) * 60_000),
    plan: (at: Date, run: () => Promise<void>) => void happenings.push({ at: at.getTime(), run }),
    /** Lets all that was planned happen, in the order of time. */
    happen: async () => {
      for (const { at, run } of happenings.sort((a, b) => a.at - b.at)) {
        clock.now = new Date(at)
        await run()
      }
    },
    /** From where somebody works: always the same address and browser. */
    factsOf: (person: number) => ({
      requestId: randomUUID(),
      ip: `203.0.113.${10 + person}`,
      userAgent: browsers[person % browsers.length]!,
    }),
    close: wired.close,
  }
}

/** How long ago each member came; the founder first, and most within the first months. */
export const cameDaysAgo = (person: number) => (person === 0 ? 270 : Math.round(262 - person * 4.2))

/** What an action answers; nothing that the demo asks for is refused. */
export async function done<T>(asked: Promise<Result<T, string>>): Promise<T> {
  const it = await asked
  if (!it.ok) throw new Error(JSON.stringify(it))
  return it.value
}
