import { type ComboboxParsedItem, Group as Line, MultiSelect, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { pickerInDialog } from '../../ui/dialog'
import { allGroupsQuery } from './queries'
import { countMembers } from './words'

type Props = {
  org: string
  label: string
  value: string[]
  onChange: (ids: string[]) => void
  error?: string | undefined
  description?: string
}

const mostShown = 50

/** The first matches by name, and a line that says how many there are when some are left out. */
function narrow(options: ComboboxParsedItem[], search: string): ComboboxParsedItem[] {
  const text = search.trim().toLocaleLowerCase()
  const matching = options.filter((option) => 'label' in option && option.label.toLocaleLowerCase().includes(text))
  if (matching.length <= mostShown) return matching
  const label = `${mostShown} of ${matching.length.toLocaleString()} groups: type to narrow the list`
  return [...matching.slice(0, mostShown), { value: 'more', label, disabled: true }]
}

/** Type to search, choose several; each with the number of its members. */
export function GroupPicker({ org, label, value, onChange, error, description }: Props) {
  const { data: groups, error: failure } = useQuery(allGroupsQuery(org))
  const counts = new Map(groups?.map(({ id, memberCount }) => [id, memberCount]))
  const listed = groups?.map(({ id, name }) => ({ value: id, label: name })) ?? []
  const gone = value.filter((id) => groups && !counts.has(id)).map((id) => ({ value: id, label: 'A deleted group' }))
  return (
    <MultiSelect
      label={label}
      {...(description && { description })}
      placeholder={value.length === 0 ? 'Search groups' : ''}
      searchable
      {...pickerInDialog}
      filter={({ options, search }) => narrow(options, search)}
      data={[...listed, ...gone]}
      value={groups ? value : []}
      onChange={onChange}
      error={error ?? failure?.message}
      disabled={!groups}
      nothingFoundMessage={listed.length === 0 ? 'This organization has no groups yet' : 'No group of that name'}
      hidePickedOptions
      renderOption={({ option }) => (
        <Line justify="space-between" gap="sm" wrap="nowrap" flex={1}>
          <bdi style={{ overflowWrap: 'anywhere' }}>{option.label}</bdi>
          {counts.has(option.value) && (
            <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
              {countMembers(counts.get(option.value) ?? 0)}
            </Text>
          )}
        </Line>
      )}
    />
  )
}
