import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventStream, type StreamEvent, StreamTooLarge } from './event-stream.ts'

/** What a stream tells when its bytes come in these pieces. */
function read(pieces: readonly Uint8Array[], most = 1_000) {
  const events: StreamEvent[] = []
  const retries: number[] = []
  const stream = new EventStream({ event: (it) => events.push(it), retry: (ms) => retries.push(ms) }, most)
  for (const piece of pieces) stream.push(piece)
  return { events, retries }
}
const bytes = (text: string) => new TextEncoder().encode(text)
const eventsOf = (text: string) => read([bytes(text)]).events

describe('HTML §9.2.6', () => {
  test.each([
    ['one event', 'event: forget\ndata: x\n\n', [{ type: 'forget', data: 'x' }]],
    ['no type', 'data: x\n\n', [{ type: 'message', data: 'x' }]],
    ['lines of data', 'data: a\ndata: b\n\n', [{ type: 'message', data: 'a\nb' }]],
    ['no space, two spaces', 'data:a\ndata:  b\n\n', [{ type: 'message', data: 'a\n b' }]],
    ['a field without a colon', 'data\n\n', [{ type: 'message', data: '' }]],
    ['comments and unknown fields', ': hello\nid: 7\nfoo: bar\ndata: x\n\n', [{ type: 'message', data: 'x' }]],
    [
      'CRLF and CR',
      'data: a\r\n\r\ndata: b\r\r',
      [
        { type: 'message', data: 'a' },
        { type: 'message', data: 'b' },
      ],
    ],
    ['a byte-order mark', '\uFEFFdata: x\n\n', [{ type: 'message', data: 'x' }]],
    ['an event that does not end', 'data: x\n', []],
    ['a type without data', 'event: forget\n\ndata: x\n\n', [{ type: 'message', data: 'x' }]],
  ])('%s', (_what, text, events) => {
    expect(eventsOf(text)).toEqual(events)
  })

  test.each([
    ['retry: 50\n', [50]],
    ['retry: -1\nretry: 1e3\nretry: 99999999999\nretry:\n', []],
  ])('%j', (text, retries) => {
    expect(read([bytes(text)]).retries).toEqual(retries)
  })
})

const letters = fc.string({
  unit: fc.constantFrom('data', ':', ' ', '\n', '\r', 'event', 'ö', '😀', '\u2028', 'retry: 5', 'x'),
})

test('whatever pieces it comes in, it is the same', () => {
  fc.assert(
    fc.property(letters, fc.array(fc.nat(200)), (text, cuts) => {
      const all = bytes(text)
      const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
      const pieces = at.slice(1).map((end, i) => all.subarray(at[i], end))
      expect(read(pieces)).toEqual(read([all]))
    }),
    { numRuns: 2_000 },
  )
})

test('any event that is written as the server writes it is read as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const text = values.map((value) => `id: 1\nevent: forget\ndata: ${JSON.stringify(value)}\n\n`).join(':\n\n')
      const { events } = read([bytes(text)], 100_000)
      expect(events).toEqual(values.map((value) => ({ type: 'forget', data: JSON.stringify(value) })))
    }),
  )
})

describe('bounds', () => {
  test.each([
    ['a line that does not end', ['data: ', 'x'.repeat(999)]],
    ['many lines of one event', Array.from({ length: 30 }, () => `data: ${'x'.repeat(40)}\n`)],
    ['many empty lines of data', Array.from({ length: 300 }, () => 'data\n')],
    ['a comment that does not end', [`:${'x'.repeat(1_000)}`]],
  ])('%s: thrown out', (_what, pieces) => {
    expect(() => read(pieces.map(bytes))).toThrow(StreamTooLarge)
  })

  test('a stream may be as long as it likes', () => {
    const pieces = Array.from({ length: 300 }, () => bytes(`: still here\n\ndata: ${'x'.repeat(900)}\n\n`))
    expect(read(pieces).events).toHaveLength(300)
  })
})
