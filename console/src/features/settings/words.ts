import type { Choice, Impact, Propagation } from './queries'

const count = (number: number, one: string, many: string) => `${number.toLocaleString()} ${number === 1 ? one : many}`
const accounts = (number: number) => count(number, 'account loses', 'accounts lose')
const tokens = (number: number) => count(number, 'token', 'tokens')

export const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const joined = (parts: string[]) => `${capitalized(new Intl.ListFormat('en', { type: 'conjunction' }).format(parts))}.`

/** P9 in one sentence: what saving would do. */
export function impactSentence({ accounts: { losingCreation, gainingCreation }, tokens: moved }: Impact): string {
  const parts: string[] = []
  if (losingCreation > 0) parts.push(`${accounts(losingCreation)} the ability to create tokens`)
  if (gainingCreation > 0) {
    parts.push(`${count(gainingCreation, 'account gains', 'accounts gain')} the ability to create tokens`)
  }
  if (moved.suspended > 0) {
    const used = moved.suspendedUsedLast24h
    const recently = used > 0 ? ` (${used.toLocaleString()} used in the last 24 hours)` : ''
    parts.push(`${tokens(moved.suspended)} ${moved.suspended === 1 ? 'is' : 'are'} suspended${recently}`)
  }
  if (moved.restored > 0) parts.push(`${tokens(moved.restored)} ${moved.restored === 1 ? 'works' : 'work'} again`)
  if (moved.stillSuspended > 0) {
    parts.push(`${tokens(moved.stillSuspended)} ${moved.stillSuspended === 1 ? 'stays' : 'stay'} suspended`)
  }
  return parts.length > 0 ? joined(parts) : 'No account and no token is affected.'
}

/** What a save did, in the notice after it. */
export function savedNotice(impact: Impact | undefined): string {
  const { suspended = 0, restored = 0 } = impact?.tokens ?? {}
  const parts = [
    ...(suspended > 0 ? [`${tokens(suspended)} suspended`] : []),
    ...(restored > 0 ? [`${tokens(restored)} restored`] : []),
  ]
  return parts.length > 0 ? parts.join(', ') : 'Settings saved'
}

const duration = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`)

/** P11: where the last save is in effect, in half a sentence. Who went silent is not counted: it is told of by itself. */
export function effectText({ version, confirmed }: Propagation): string {
  const heard = confirmed.filter((it) => it.silentSince === undefined)
  const obeying = heard.filter((it) => it.version >= version)
  const kinds = [
    [obeying.filter((it) => it.kind === 'server').length, 'server', 'servers'],
    [obeying.filter((it) => it.kind === 'verifier').length, 'verifier', 'verifiers'],
  ] as const
  const where = kinds.flatMap(([number, one, many]) => (number > 0 ? [count(number, one, many)] : [])).join(' and ')
  const waiting = heard.length - obeying.length
  const yet = waiting > 0 ? `${waiting.toLocaleString()} yet to confirm` : ''
  if (where === '') return yet === '' ? 'nobody has confirmed them yet' : `in effect nowhere yet, ${yet}`
  const slowest = Math.max(...obeying.map((it) => it.afterMs))
  const after = slowest > 0 ? ` after ${duration(slowest)}` : ''
  return `in effect on ${where}${after}${yet && `, ${yet}`}`
}

/** P11: how one process or verifier stands to the last save. */
export function standingOf({ version, afterMs }: Propagation['confirmed'][number], current: number): string {
  if (version < current) return 'Yet to confirm'
  return afterMs > 0 ? `After ${duration(afterMs)}` : 'From its start'
}

/** A choice in plain words, for putting two side by side. */
export function describeChoice(choice: Choice, groupName: (id: string) => string): string[] {
  if (choice.creation === 'none') return ['Members may not create API tokens']
  if (choice.creation === 'all') return ['All members may create API tokens']
  return [
    'Members of selected groups may create API tokens',
    choice.groupIds.length > 0 ? choice.groupIds.map(groupName).join(', ') : 'No group is selected',
    choice.suspendOutsideGroups
      ? 'Existing tokens of other accounts are suspended'
      : 'Existing tokens of other accounts keep working',
  ]
}
