/** A pattern for `ilike` that finds this text anywhere, taken literally: what was typed never acts as a wildcard. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`
