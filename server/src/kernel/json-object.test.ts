import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJsonObject } from './json-object.ts'

const read = (text: string, maxDepth = 16) => readJsonObject(Buffer.from(text), maxDepth)
/** Text that our reading takes on purpose more strictly than the grammar. */
const plain = fc.string({ unit: 'binary' }).filter((it) => !it.includes('\0'))
const anyObject = fc.dictionary(plain, fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }))
const isPlain = (text: string) => !/\\u0000|\\ud[89a-f]/i.test(text)

test('whatever JSON.stringify writes of an object is read as JSON.parse reads it, with or without space', () => {
  fc.assert(
    fc.property(anyObject, fc.nat(3), (it, space) => {
      const text = JSON.stringify(it, null, space)
      fc.pre(isPlain(text))
      expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) })
    }),
  )
})

test('whatever is read is JSON, and an object', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '"a"',
    '"b"',
    '\\',
    '\\u0061',
    '1',
    '-',
    'null',
    ' ',
    '\n',
    '\uFEFF',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = `{${parts.join('')}`
      const reading = read(text)
      if (reading.ok) expect(reading.value).toEqual(JSON.parse(text))
      else expect(reading.detail).toMatch(/\.$/)
    }),
    { numRuns: 2000 },
  )
})

test('bytes of any kind are read or refused, and never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => typeof readJsonObject(bytes, 4).ok === 'boolean'))
})

test('a member that is repeated is found wherever the object stands, however the name is written', () => {
  const escaped = (name: string) =>
    [...name].map((it) => [...it].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')).join('')
  const name = fc.string({ minLength: 1, maxLength: 5 })
  const wraps = fc.array(
    fc.constantFrom(
      (it: string) => `{"w":${it}}`,
      (it: string) => `[1,"x",${it}]`,
    ),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(name, wraps, fc.boolean(), (member, around, escaping) => {
      const twice = `{${JSON.stringify(member)}:1,"other~":{},"${escaping ? escaped(member) : JSON.stringify(member).slice(1, -1)}":1}`
      const text = `{"top":${around.reduce((inner, wrap) => wrap(inner), twice)}}`
      expect(read(text)).toEqual({ ok: false, detail: 'A member occurs twice.' })
    }),
  )
})

test('nesting is bounded exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (depth, max) => {
      const text = `{"a":${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}}`
      expect(read(text, max).ok).toBe(depth <= max)
    }),
  )
})

describe('what is refused though some parsers take it', () => {
  test.each([
    ['', 'not JSON'],
    ['\uFEFF{}', 'byte-order'],
    ['{"a":"\\u0000"}', 'character'],
    ['{"\\u0000":1}', 'character'],
    ['{"a":"\\udc00"}', 'character'],
    ['{"a":"\\ud83d\\ude00","b":"\\ud83d"}', 'character'],
    ['{"a":1,"a":1}', 'twice'],
    ['{"":1,"":1}', 'twice'],
    ['{"a" \n:1,"a"\t:2}', 'twice'],
    ["{'a':1}", 'not JSON'],
    ['{"a":01}', 'not JSON'],
    ['{"a":1}\0', 'not JSON'],
    ['{"a":\u00a01}', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
  ])('%j: %s', (text, says) => {
    const reading = read(text)
    expect(reading.ok ? '' : reading.detail).toContain(says)
  })

  test('paired surrogates are one character', () =>
    expect(read('{"a":"\\ud83d\\ude00"}')).toEqual({ ok: true, value: { a: '😀' } }))
})
