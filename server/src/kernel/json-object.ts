export type JsonObject = Readonly<Record<string, unknown>>
export type JsonReading = { ok: true; value: JsonObject } | { ok: false; detail: string }

const wrong = (detail: string): JsonReading => ({ ok: false, detail })

// A byte-order mark is kept, so that the grammar refuses it (RFC 8259 §8.1); bytes that are no UTF-8 throw.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const isObject = (it: unknown): it is JsonObject => typeof it === 'object' && it !== null && !Array.isArray(it)

/**
 * Bytes as a JSON object, read as strictly as I-JSON (RFC 7493 §2) wants: UTF-8 without a byte-order mark, no member
 * twice in any object (parsers disagree which one counts, so one of them could be shown another token than we saw), no
 * lone surrogates, and no NUL, which the database cannot hold. `maxDepth` bounds the nesting; an object itself is 1.
 */
export function readJsonObject(bytes: Uint8Array, maxDepth: number): JsonReading {
  let text: string
  let value: unknown
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    return wrong('It is not UTF-8.')
  }
  if (text.startsWith('\uFEFF')) return wrong('It begins with a byte-order mark.')
  // Before parsing: what nests too deeply is never built.
  const fault = faultOfText(text, maxDepth)
  if (fault !== undefined) return wrong(fault)
  try {
    value = JSON.parse(text)
  } catch {
    return wrong('It is not JSON.')
  }
  return isObject(value) ? { ok: true, value } : wrong('It is not a JSON object.')
}

/** Where the string that opens at `start` ends: the index of its closing quote, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at
    if (code === 0x5c) at++
  }
  return -1
}

/** What a string literal says, or undefined when it is no JSON or says what we do not take. */
function stringOf(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    const value: string = JSON.parse(literal)
    return value.isWellFormed() && !value.includes('\0') ? value : undefined
  } catch {
    return undefined
  }
}

const afterSpace = (text: string, from: number): number => {
  let at = from
  while (at < text.length && ' \t\r\n'.includes(text[at] ?? '')) at++
  return at
}

/** Faults that `JSON.parse` forgives. In one pass; of text that is no JSON it may say anything, or nothing. */
function faultOfText(text: string, maxDepth: number): string | undefined {
  /** The members seen so far of each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      if (open.push(char === '{' ? new Set() : undefined) > maxDepth) return 'It nests too deeply.'
    } else if (char === '}' || char === ']') open.pop()
    else if (char === '"') {
      const end = endOfString(text, at)
      if (end < 0) return 'It is not JSON.'
      const value = stringOf(text.slice(at, end + 1))
      if (value === undefined) return 'A string holds a character that is not allowed.'
      const members = text[afterSpace(text, end + 1)] === ':' ? open.at(-1) : undefined
      if (members?.has(value)) return 'A member occurs twice.'
      members?.add(value)
      at = end
    }
  }
  return undefined
}
