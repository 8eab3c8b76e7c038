import { expect, test } from 'vitest'
import { guardStream, ReadEnded } from './guarded-stream.ts'

/** A stream of numbered parts whose right to be read a test takes away. */
function open(parts: number) {
  const state = { allowed: true, checks: 0, cancelled: false, subscribed: false }
  let recheck: () => void = () => undefined
  let sent = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (sent === parts) return controller.close()
        controller.enqueue(Uint8Array.of(sent++))
      },
      cancel: () => {
        state.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const guarded = guardStream(body, {
    isAllowed: async () => {
      state.checks += 1
      return state.allowed
    },
    subscribe: (listener) => {
      recheck = listener
      state.subscribed = true
      return () => {
        state.subscribed = false
      }
    },
  })
  return { state, reader: guarded.getReader(), recheck: () => recheck() }
}

test('every part is passed on as long as the right lasts, and nothing listens afterwards', async () => {
  const { state, reader } = open(3)
  const received: number[] = []
  for (let part = await reader.read(); !part.done; part = await reader.read()) received.push(...part.value)
  expect(received).toEqual([0, 1, 2])
  expect(state).toMatchObject({ checks: 4, subscribed: false, cancelled: false })
})

test('no part is passed on that was read before the right ended', async () => {
  const { state, reader } = open(3)
  await reader.read()
  state.allowed = false
  await expect(reader.read()).rejects.toBeInstanceOf(ReadEnded)
  expect(state).toMatchObject({ subscribed: false, cancelled: true })
})

test('an answer that nobody reads breaks off when the right may have changed', async () => {
  const { state, reader, recheck } = open(3)
  await reader.read()
  state.allowed = false
  recheck()
  await expect(reader.closed).rejects.toBeInstanceOf(ReadEnded)
  expect(state).toMatchObject({ subscribed: false, cancelled: true })
})

test('a change during a check is followed by another check', async () => {
  const { state, reader, recheck } = open(3)
  recheck()
  state.allowed = false
  recheck()
  await expect(reader.closed).rejects.toBeInstanceOf(ReadEnded)
})

test('a reader that goes away ends the source', async () => {
  const { state, reader } = open(3)
  await reader.cancel()
  expect(state).toMatchObject({ subscribed: false, cancelled: true })
})
