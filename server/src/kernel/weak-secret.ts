const leastBits = 80

/** The entropy of the text's own characters: 0 for one that is repeated, about 190 for 32 random bytes in base64. */
function measureBits(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => bits + count * Math.log2(text.length / count), 0)
}

/** A text that consists of a shorter one twice or more occurs in its own double at a place that is not its start or end. */
const isRepetition = (text: string): boolean => (text + text).indexOf(text, 1) < text.length

/** `abcdef…`, `987654…`: most characters are the neighbours of those before them. */
function isSequence(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0)
  const steps = codes.slice(1).filter((code, index) => Math.abs(code - (codes[index] ?? 0)) <= 1)
  return steps.length > text.length / 2
}

const placeholder = /(change|replace)[-_ ]?(me|this)|placeholder|(your|my|insert)[-_ ]?(own[-_ ]?)?(secret|key)/i

/** Long is not enough: `aaaa…` is long. Finds what nobody made by chance, not what somebody could guess in other ways. */
export const isWeakSecret = (secret: string): boolean =>
  measureBits(secret) < leastBits || isRepetition(secret) || isSequence(secret) || placeholder.test(secret)
