import type { ServerResponse } from 'node:http'
import { expect, onTestFinished } from 'vitest'
import type { Metric } from '../src/metric.ts'
import { readOptions, type VerifierOptions } from '../src/options.ts'
import type { Verification } from '../src/verification.ts'
import { startVerifier, type Verifier } from '../src/verifier.ts'
import { usualWorld, type World } from '../src/world.ts'
import { resourceKey, type ScriptedServer, scriptedServer, sendJson } from './scripted-server.ts'
import { activeAnswer, managedSecret } from './tokens.ts'

export type Trial = Awaited<ReturnType<typeof trial>>

interface Watched {
  seen: Metric[]
  errors: Error[]
  /** Resolves at the next metric that fits. */
  until: (fits: (metric: Metric) => boolean) => Promise<void>
  onMetric: (metric: Metric) => void
  onError: (error: Error) => void
}

function watching(): Watched {
  let waiting: { fits: (metric: Metric) => boolean; resolve: () => void }[] = []
  const seen: Metric[] = []
  const errors: Error[] = []
  return {
    seen,
    errors,
    until: (fits) => new Promise((resolve) => waiting.push({ fits, resolve })),
    onMetric: (metric) => {
      seen.push(metric)
      for (const { fits, resolve } of waiting) if (fits(metric)) resolve()
      waiting = waiting.filter(({ fits }) => !fits(metric))
    },
    onError: (error) => void errors.push(error),
  }
}

/** Clocks that stand still until the test moves them, and renewals that come soon. */
export function testWorld(over: Partial<World> = {}) {
  const clock = { monotonicMs: 100_000, nowMs: Date.parse('2026-11-24T10:20:00Z') }
  const world: World = {
    ...usualWorld,
    monotonicMs: () => clock.monotonicMs,
    nowMs: () => clock.nowMs,
    renewMs: 10,
    retryMs: 10,
    ...over,
  }
  return { clock, world }
}

/** A verifier beside a scripted server, ready unless the test wants to see that itself. */
export async function trial(
  options: Partial<VerifierOptions> & {
    world?: Partial<World>
    before?: (server: ScriptedServer) => void
    isReady?: boolean
  } = {},
) {
  const { world: over, before, isReady = true, ...others } = options
  const server = await scriptedServer()
  before?.(server)
  const { clock, world } = testWorld(over)
  const watched = watching()
  const { onMetric, onError } = watched
  const verifier: Verifier = startVerifier(
    // Whatever the machine has to do besides, an answer that comes is in time.
    readOptions({ url: server.url, key: resourceKey, name: 'test', timeoutMs: 60_000, onMetric, onError, ...others }),
    world,
  )
  onTestFinished(async () => {
    // Whatever the test made of the doors, the verifier need not wait for them.
    const closing = verifier.close()
    await server.close()
    await closing
  })
  if (isReady) await verifier.ready()
  return { server, verifier, clock, watched }
}

/** The answer of memory; fails where the server was asked. */
export function atOnce(answer: Verification | Promise<Verification>): Verification {
  if (answer instanceof Promise) throw new Error('The server was asked.')
  return answer
}

export const isAsking = (answer: Verification | Promise<Verification>): boolean => answer instanceof Promise

/** From now on the server says this of every token. */
export const says = (server: ScriptedServer, answer: unknown) => {
  server.answers.introspect = (res) => sendJson(res, answer, server.headOf(server.point))
}
export const allGood = (server: ScriptedServer) => says(server, activeAnswer())
/** Whoever asks is left without an answer, as by a network that swallows everything. */
export const silence = () => undefined
export const away = (res: ServerResponse) => void res.writeHead(503).end()

/** A token that memory knows as good. */
export async function known(it: Trial): Promise<string> {
  const token = managedSecret()
  allGood(it.server)
  await it.verifier.verify(token)
  expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
  return token
}

/** Lets time pass, a head answer at a time, until something has happened. */
export async function passTime({ clock, server }: Trial, happens: Promise<unknown>) {
  let hasHappened = false
  void happens.then(() => {
    hasHappened = true
  })
  while (!hasHappened) {
    clock.monotonicMs += 200
    await server.next('head')
  }
}
