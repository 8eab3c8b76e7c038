import { setTimeout } from 'node:timers/promises'
import { cookiePrefix } from '../auth/cookies.ts'
import { createDevices, type Devices } from '../auth/devices.ts'
import { FairQueue, Overload } from '../db/fair-queue.ts'
import type { SignIn } from '../features/sign-in/actions.ts'
import { hasSessionFrom, readSignInFacts } from '../features/sign-in/store.ts'
import { clientOf } from './client-address.ts'
import type { Asked } from './sign-in-route.ts'

/** How well a sign-in's origin is known to the person: their own browser (by its nonce), an address of theirs, or neither. */
export type Familiarity = { kind: 'browser'; nonce: string } | { kind: 'address' } | { kind: 'none' }

/** One attempt for a person every 2.5 s beyond the common bound; addresses take turns, so that one flood is one of many. */
const delayMs = 2500
const delays = { atOnce: 200, atOncePerFlow: 1, waiting: 1000, waitingPerFlow: 50, waitMs: 15_000 }

/** What tells a person's own browsers and addresses from strangers who guess (S5). */
export function createFamiliarity(signIn: SignIn, wait: (ms: number) => Promise<unknown> = (ms) => setTimeout(ms)) {
  const { instance, secrets, db } = signIn
  const https = instance.publicUrl.startsWith('https:')
  const devices: Devices = createDevices(cookiePrefix(instance.publicUrl), secrets, https)
  const queue = new FairQueue(delays)
  const emailOf = ({ body, person, session }: Asked) =>
    typeof body.email === 'string' ? body.email : (session ?? person)?.email

  return {
    /** Nobody who exists is answered otherwise than nobody at all: either costs the same look-ups. */
    find: async (asked: Asked): Promise<Familiarity> => {
      const person = await readSignInFacts(db, emailOf(asked) ?? '')
      const { ip } = asked.facts
      const addresses = ip === null ? [''] : [ip, clientOf(ip)]
      const fromKnownAddress = await hasSessionFrom(db, person?.userId ?? '', addresses)
      if (!person) return { kind: 'none' }
      const nonce = devices.recognize(asked.headers.get('cookie'), person, asked.startedAt)
      if (nonce !== undefined) return { kind: 'browser', nonce }
      return { kind: fromKnownAddress ? 'address' : 'none' }
    },

    /** The cookie by which this browser is known at the next sign-in. */
    remember: async (asked: Asked): Promise<string | undefined> => {
      const person = await readSignInFacts(db, emailOf(asked) ?? '')
      return person && devices.remember(asked.headers.get('cookie'), person, asked.startedAt)
    },

    /** Holds an attempt back instead of refusing it; false when too many are held back already. */
    delay: async (subject: string, asked: Asked): Promise<boolean> => {
      try {
        await queue.run(subject, clientOf(asked.facts.ip), () => wait(delayMs))
        return true
      } catch (error) {
        if (error instanceof Overload) return false
        throw error
      }
    },
  }
}
