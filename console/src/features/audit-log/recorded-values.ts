/** What fields are called where their own words would not do. */
const labels: Record<string, string> = {
  creation: 'Who can create API tokens',
  suspendOutsideGroups: 'Suspend tokens of accounts outside of these groups',
  expiresAt: 'Expires',
  readyAt: 'Ready',
  hint: 'Token ends with',
  slug: 'Address of the organization',
  issuer: 'Issuer',
  jwksUrl: 'JWKS URL',
  keys: 'Signing keys',
  enabled: 'Enabled',
}
const creations: Record<string, string> = { all: 'All members', groups: 'Selected groups', none: 'Nobody' }
const factors: Record<string, string> = { totp: 'Authenticator app', backup_code: 'Backup code', password: 'Password' }

/** `suspendOutsideGroups` reads "Suspend outside groups". */
const spellOut = (field: string) => {
  const words = field.replace(/([A-Z])|_/g, (_, letter?: string) => ` ${letter?.toLowerCase() ?? ''}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
const labelOf = (field: string) => labels[field] ?? spellOut(field)

/** RFC 3339 in UTC, as the server records times. */
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const toLocalTime = (text: string) =>
  new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })

function scalarText(field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  const text = String(value)
  if (field === 'creation') return creations[text] ?? text
  if (field === 'factor') return factors[text] ?? text
  if (field === 'role' || field === 'status') return spellOut(text)
  return time.test(text) ? toLocalTime(text) : text
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A thing by its name; where the event keeps no name, by what else it keeps. */
function thingText(field: string, thing: Record<string, unknown>): string {
  const known = [thing.name, thing.displayName, thing.email, thing.subject, thing.id].find((text) => text)
  if (known !== undefined) return String(known)
  return (
    Object.entries(thing)
      .map(([key, value]) => `${labelOf(key)}: ${valueTexts(key, value).join(', ')}`)
      .join(', ') || scalarText(field, null)
  )
}

/** What stands at a field, as texts to be shown in a row. */
function valueTexts(field: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => valueTexts(field, entry))
  return [isRecord(value) ? thingText(field, value) : scalarText(field, value)]
}

/** A recorded field with its texts. */
export type RecordedLine = readonly [label: string, texts: readonly string[]]

/** A recorded value in lines, for reading two side by side. */
export function toRecordedLines(value: unknown): RecordedLine[] {
  if (value === null || value === undefined) return []
  if (!isRecord(value) || Array.isArray(value)) return [['Value', valueTexts('', value)]]
  return Object.entries(value).flatMap(([field, inner]): RecordedLine[] => {
    const isNamed = isRecord(inner) && ('name' in inner || 'id' in inner)
    if (isRecord(inner) && !Array.isArray(inner) && !isNamed) return toRecordedLines(inner)
    return [[labelOf(field), valueTexts(field, inner)]]
  })
}

/** The lines before and after a change; of what is the same on both sides nothing is shown. */
export function toChangedLines(before: unknown, after: unknown): { before: RecordedLine[]; after: RecordedLine[] } {
  const sides = { before: toRecordedLines(before), after: toRecordedLines(after) }
  const keyOf = ([label, texts]: RecordedLine) => [label, ...texts].join('\n')
  const without = (lines: RecordedLine[], others: RecordedLine[]) => {
    const same = new Set(others.map(keyOf))
    return lines.filter((line) => !same.has(keyOf(line)) || ['Account', 'Provider'].includes(line[0]))
  }
  return { before: without(sides.before, sides.after), after: without(sides.after, sides.before) }
}
