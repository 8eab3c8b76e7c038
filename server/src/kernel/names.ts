/** Letters of scripts in which a joiner changes how neighbours are drawn (Arabic, the scripts of India, …; UAX #31 §2.3). */
const joining =
  '[\\p{L}--[\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Default_Ignorable_Code_Point}]]'
const joiner = new RegExp(
  `(?<=[${joining}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}])[\\u200c\\u200d](?=[${joining}\\p{Extended_Pictographic}]|\\s|$)`,
  'gv',
)
/** Flags of regions, such as Scotland's (UTS #51 ED-14a). */
const flag = /\u{1f3f4}[\u{e0020}-\u{e007e}]{1,30}\u{e007f}/gu

const visible = /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800]]/v

/**
 * What is wrong with a name, or undefined. A name that nobody can see, or whose invisible characters reorder or hide its
 * letters, would pass for another (Unicode UTR #36 §2.5). Joiners stay where a script or an emoji needs them.
 */
export function findNameFault(text: string): string | undefined {
  if (!visible.test(text)) return 'Enter a name that can be seen.'
  return /\p{Cf}/u.test(text.replace(joiner, '').replace(flag, '')) ? 'Leave out invisible characters.' : undefined
}

/**
 * What is compared where names are unique: case, compatibility forms and ignorable characters make no difference.
 * Up and down again, since lower case alone keeps `ß` from `SS` and one sigma from the other (Unicode 3.13, case folding).
 */
export const toNameKey = (name: string): string =>
  withoutIgnorable(withoutIgnorable(name).normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC'))

const withoutIgnorable = (text: string) => text.replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '')

/** Does a name hold an `@`, in any of its forms? Such a name passes for the email address of a person. */
export const hasAtSign = (name: string): boolean => name.normalize('NFKC').includes('@')
