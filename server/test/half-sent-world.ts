import { sql } from 'kysely'
import type { TestDatabase } from './databases.ts'
import { type OpenRequest, openRequest, type Prepared } from './half-sent-client.ts'
import { type As, type Harness, harness } from './harness.ts'
import { listen } from './listen.ts'
import { type Stage, setStage } from './route-table.ts'

/** Counts events and lets a test await a number of them. */
function createCounter() {
  let count = 0
  let check: () => void = () => undefined
  return {
    increment: (): void => {
      count += 1
      check()
    },
    reset: (): void => {
      count = 0
    },
    reached: (target: number): Promise<void> =>
      new Promise((resolve) => {
        check = () => {
          if (count >= target) resolve()
        }
        check()
      }),
  }
}

type Lookup = (...parameters: never[]) => Promise<unknown>

/**
 * Delays answers: what is looked up while `holding` is looked up at once, and its answer arrives when it is released,
 * as from a database on a slow network.
 */
function createHold() {
  const arrived = createCounter()
  let gate = Promise.withResolvers<void>()
  let holding = false
  let skipped = 0
  return {
    arrived,
    /** From now on; the first `skip` answers pass. */
    begin: (skip = 0): void => {
      arrived.reset()
      gate = Promise.withResolvers<void>()
      holding = true
      skipped = skip
    },
    /** What is looked up from now on passes. */
    end: (): void => {
      holding = false
    },
    release: (): void => gate.resolve(),
    delay: <L extends Lookup>(lookup: L): L =>
      (async (...parameters: Parameters<L>) => {
        const answer = await lookup(...parameters)
        if (!holding || skipped-- > 0) return answer
        arrived.increment()
        await gate.promise
        return answer
      }) as L,
  }
}

export type Hold = ReturnType<typeof createHold>
type Four<T> = [T, T, T, T]

export type HalfSentWorld = Awaited<ReturnType<typeof openHalfSentWorld>>

/** The server on a real socket, one organization with everything that the operations need, and requests that are held. */
export async function openHalfSentWorld(database: TestDatabase) {
  const app: Harness = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
  const newStage = async (): Promise<Stage> => {
    const stage = await setStage(app)
    await stage.org.setCreation({ creation: 'all' })
    return stage
  }
  let stage = await newStage()
  const bodies = createCounter()
  // The route has judged the caller once it reads the body.
  const watchBody = (request: Request): Request => {
    const prototype = Object.getPrototypeOf(request)
    return Object.defineProperty(request, 'body', {
      configurable: true,
      get() {
        bodies.increment()
        return Reflect.get(prototype, 'body', request)
      },
    })
  }
  const server = await listen({ ...app, router: { fetch: (request) => app.router.fetch(watchBody(request)) } })
  const hold = createHold()
  const { lookups } = app.deps
  for (const name of ['membershipsOf', 'findToken', 'findExternal'] as const)
    Object.assign(lookups, { [name]: hold.delay(lookups[name]) })
  const { internalAdapter, password } = await app.signIn.auth.$context
  const [sessions, challenges, verifiedPasswords, hashedPasswords] = [1, 2, 3, 4].map(createHold) as Four<Hold>
  internalAdapter.findSession = sessions.delay(internalAdapter.findSession)
  internalAdapter.findVerificationValue = challenges.delay(internalAdapter.findVerificationValue)
  password.verify = verifiedPasswords.delay(password.verify)
  password.hash = hashedPasswords.delay(password.hash)

  const lastSequence = async (): Promise<number> => {
    const [newest] = await stage.org.events('?limit=1')
    return newest?.sequence as number
  }

  return {
    app,
    get stage() {
      return stage
    },
    /** Another organization, in which nothing has happened. */
    renewStage: async (): Promise<void> => {
      stage.idp.close()
      stage = await newStage()
    },
    hold,
    /** What Better Auth looks up or computes before it writes. */
    betterAuth: { sessions, challenges, verifiedPasswords, hashedPasswords },
    bodies,
    url: server.url,
    open: (prepared: Prepared, as?: As): OpenRequest => openRequest(server.url, prepared, as),
    /** The number of the organization's newest audit event, once all that follows earlier answers is done. */
    settledSequence: async (): Promise<number> => {
      await app.signIn.settled()
      return lastSequence()
    },
    /** Counts of earlier requests must not refuse later ones. */
    clearRateLimits: () => sql`delete from rate_limits`.execute(database.owner),
    close: async () => {
      await server.close()
      stage.idp.close()
      await app.lease.close()
    },
  }
}
