import { MultiSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api'
import { listMembers, listServiceAccounts } from '../../client/sdk.gen'
import { pickerInDialog } from '../../ui/dialog'
import { displayName } from './words'

export type Account = { id: string; name: string }

async function findAccounts(org: string, text: string, joinedOnly: boolean): Promise<Account[]> {
  const query = { limit: '30', ...(text && { search: text }) }
  const [members, serviceAccounts] = await Promise.all([
    ask(listMembers({ path: { org }, query: { ...query, ...(joinedOnly && { status: 'joined' }) } })),
    ask(listServiceAccounts({ path: { org }, query })),
  ])
  return [
    ...members.items.map((member) => ({ id: member.id, name: displayName(member) })),
    ...serviceAccounts.items.map(({ id, name }) => ({ id, name: `${name} (service account)` })),
  ]
}

type Props = {
  org: string
  label: string
  value: Account[]
  onChange: (accounts: Account[]) => void
  error?: string | undefined
  /** Accounts that are no choice here. */
  without?: ReadonlySet<string>
  /** Only so many may be chosen. */
  most?: number
  /** Without those who are invited and not here yet. */
  joinedOnly?: boolean
}

/** Members and service accounts by name; the search is the server's, so any number can be found. */
export function AccountPicker(props: Props) {
  const { org, label, value, onChange, error, without, most, joinedOnly = false } = props
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text.trim(), 200)
  const { data: found = [], error: failure } = useQuery({
    queryKey: ['organization', org, 'accounts', asked, joinedOnly],
    queryFn: () => findAccounts(org, asked, joinedOnly),
    placeholderData: keepPreviousData,
  })
  const known = new Map([...found, ...value].map((account) => [account.id, account]))
  const data = [...known.values()]
    .filter(({ id }) => !without?.has(id))
    .map(({ id, name }) => ({ value: id, label: name }))
  return (
    <MultiSelect
      label={label}
      placeholder={value.length === 0 ? 'Search members and service accounts' : ''}
      searchable
      {...pickerInDialog}
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      data={data}
      value={value.map(({ id }) => id)}
      onChange={(ids) => onChange(ids.flatMap((id) => known.get(id) ?? []))}
      hidePickedOptions
      {...(most !== undefined && { maxValues: most })}
      nothingFoundMessage="Nobody of that name"
      error={error ?? failure?.message}
      data-autofocus
    />
  )
}
