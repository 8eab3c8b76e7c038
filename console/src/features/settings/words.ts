import { isolate } from '../../ui/isolate'
import type { Impact } from '../impact/queries'
import { count, countTokens } from '../impact/words'
import type { Choice, Propagation } from './queries'

/** What a save did, in the notice after it. */
export function savedNotice(impact: Impact | undefined): string {
  const { suspended = 0, restored = 0 } = impact?.tokens ?? {}
  const parts = [
    ...(suspended > 0 ? [`${countTokens(suspended)} suspended`] : []),
    ...(restored > 0 ? [`${countTokens(restored)} restored`] : []),
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
    choice.groupIds.length > 0
      ? choice.groupIds.map((id) => isolate(groupName(id))).join(', ')
      : 'No group is selected',
    choice.suspendOutsideGroups
      ? 'Existing tokens of other accounts are suspended'
      : 'Existing tokens of other accounts keep working',
  ]
}
