import { MultiSelect, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api'
import { listMembers, listServiceAccounts } from '../../client/sdk.gen'
import { pickerInDialog } from '../../ui/dialog'
import { displayName } from './words'

export type Account = { id: string; name: string; detail?: string | undefined }

type Found = { accounts: Account[]; more: boolean }

const pageSize = 30

async function findAccounts(org: string, text: string, joinedOnly: boolean): Promise<Found> {
  const query = { limit: String(pageSize), ...(text && { search: text }) }
  const [members, serviceAccounts] = await Promise.all([
    ask(listMembers({ path: { org }, query: { ...query, ...(joinedOnly && { status: 'joined' }) } })),
    ask(listServiceAccounts({ path: { org }, query })),
  ])
  return {
    accounts: [
      ...members.items.map((member) => ({
        id: member.id,
        name: displayName(member),
        detail: member.email === displayName(member) ? undefined : member.email,
      })),
      ...serviceAccounts.items.map(({ id, name }) => ({ id, name: `${name} (service account)` })),
    ],
    more: members.nextCursor !== null || serviceAccounts.nextCursor !== null,
  }
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

const moreMatch = 'more'

/** The address tells people of one name apart. */
function AccountOption({ name, detail }: { name: string; detail: string | undefined }) {
  return (
    <span style={{ overflowWrap: 'anywhere' }}>
      <bdi>{name}</bdi>
      {detail && (
        <Text size="xs" c="dimmed">
          {detail}
        </Text>
      )}
    </span>
  )
}

/** Members and service accounts by name; the search is the server's, so any number can be found. */
export function AccountPicker(props: Props) {
  const { org, label, value, onChange, error, without, most, joinedOnly = false } = props
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text.trim(), 200)
  const { data, error: failure } = useQuery({
    queryKey: ['organization', org, 'accounts', asked, joinedOnly],
    queryFn: () => findAccounts(org, asked, joinedOnly),
  })
  // What does not answer the text in the field is no choice: Enter would pick somebody else.
  const found = asked === text.trim() ? data : undefined
  const known = new Map([...(found?.accounts ?? []), ...value].map((account) => [account.id, account]))
  const choices = [...known.values()]
    .filter(({ id }) => !without?.has(id))
    .map(({ id, name }) => ({ value: id, label: name }))
  const hint = { value: moreMatch, label: 'More people match: keep typing to narrow the list', disabled: true }
  return (
    <MultiSelect
      label={label}
      placeholder={value.length === 0 ? 'Search members and service accounts' : ''}
      searchable
      // The focus that a dialog gives must not cover its buttons with a list that nobody asked for.
      openOnFocus={false}
      {...pickerInDialog}
      searchValue={text}
      onSearchChange={setText}
      onKeyDown={(event) => {
        // A search that is not answered yet must not send the form.
        if (event.key === 'Enter' && text.trim() !== '') event.preventDefault()
      }}
      filter={({ options }) => options}
      data={found?.more ? [...choices, hint] : choices}
      renderOption={({ option }) => <AccountOption name={option.label} detail={known.get(option.value)?.detail} />}
      value={value.map(({ id }) => id)}
      onChange={(ids) => onChange(ids.flatMap((id) => known.get(id) ?? []))}
      hidePickedOptions
      {...(most !== undefined && { maxValues: most })}
      nothingFoundMessage={
        !found ? 'Searching…' : found.accounts.length > 0 ? 'Nobody else of that name' : 'Nobody of that name'
      }
      error={error ?? failure?.message}
      data-autofocus
    />
  )
}
