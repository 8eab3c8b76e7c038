const literally = (text: string) => text.replace(/[^\p{L}\p{N}\s]/gu, '\\$&')

/** Every way to write one character in either case; `ß` and `SS` are one, and so are both small sigmas. */
function eitherCase(character: string): string {
  const upper = character.toUpperCase()
  const ways = new Set([character, character.toLowerCase(), upper, upper.toLowerCase()])
  return ways.size === 1 ? literally(character) : `(?:${[...ways].map(literally).join('|')})`
}

/**
 * A pattern for `~` that finds this text anywhere, without regard to case and literally: what was typed never acts as a
 * wildcard. Case is spelt out here, since `ilike` knows no letters beyond ASCII where the database's locale is C.
 */
export const containing = (text: string): string => [...text].map(eitherCase).join('')
