import type { Previews } from './queries'

const and = new Intl.ListFormat('en', { type: 'conjunction' })

export const listed = (names: string[]) => and.format(names)

/** What else a tick or its removal changed, and why (F4). */
export function alongSentence(name: string, along: string[], ticked: boolean): string {
  const them = listed(along)
  const are = along.length === 1 ? 'is' : 'are'
  return ticked
    ? `${name} needs ${them}, which ${are} selected too.`
    : `${them} ${along.length === 1 ? 'needs' : 'need'} ${name} and ${are} no longer selected either.`
}

const namesIn = ({ features }: Previews, keys: string[]) =>
  features.filter(({ key }) => keys.includes(key)).map(({ name }) => name)

/** What a save did, in the notice after it. */
export function savedNotice(stored: Previews, before: string[]): string {
  const now = stored.features.filter(({ enabled }) => enabled).map(({ key }) => key)
  const on = namesIn(
    stored,
    now.filter((key) => !before.includes(key)),
  )
  const off = namesIn(
    stored,
    before.filter((key) => !now.includes(key)),
  )
  const parts = [
    ...(on.length > 0 ? [`${listed(on)} turned on`] : []),
    ...(off.length > 0 ? [`${listed(off)} turned off`] : []),
  ]
  return parts.length > 0 ? parts.join(', ') : 'Preview features updated'
}
