import { Button, Group, Menu, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { SectionHead, usePageTitle } from '../../ui/page'
import { RelativeTime } from '../../ui/relative-time'
import { Tag } from '../../ui/tag'
import { EventDetails } from './event-details'
import { type AuditEvent, type AuditFilter, auditQuery, exportAddress } from './queries'
import { actions } from './words'

type Search = { from?: string | undefined; to?: string | undefined; action?: string | undefined } & {
  actorId?: string | undefined
  targetId?: string | undefined
}

/** Days of the person's calendar; the last one counts whole. */
function startOfDay(day: string | undefined, later = 0): string | undefined {
  const date = new Date(`${day}T00:00`)
  if (Number.isNaN(date.getTime())) return undefined
  date.setDate(date.getDate() + later)
  return date.toISOString()
}

function toFilter({ from, to, action, actorId, targetId }: Search): AuditFilter {
  const all = {
    from: startOfDay(from),
    to: startOfDay(to, 1),
    action: action && action in actions ? action : undefined,
  }
  return Object.fromEntries(Object.entries({ ...all, actorId, targetId }).filter(([, value]) => value)) as AuditFilter
}

export function AuditLogPage() {
  const { id: org, slug, name } = useMembership()
  const search = useSearch({ from: '/o/$slug/settings/organization/audit-log' })
  const filter = toFilter(search)
  const events = useInfiniteQuery(auditQuery(org, filter))
  const navigate = useNavigate()
  usePageTitle('Audit log', name)

  const narrow = (change: Search) =>
    void navigate({
      ...paths.auditLog(slug),
      search: (now) => ({ ...now, ...change }),
      replace: true,
      resetScroll: false,
    })
  const filtered = Object.keys(filter).length > 0

  const columns: Column<AuditEvent>[] = [
    { key: 'event', header: 'Event', cell: (event) => <EventDetails event={event} onNarrow={narrow} /> },
    { key: 'time', header: 'Time', width: '140px', cell: ({ time }) => <RelativeTime iso={time} none="" /> },
    { key: 'ip', header: 'From', width: '130px', cell: ({ ip }) => ip ?? '–' },
  ]
  return (
    <Stack gap="sm">
      <SectionHead title="Audit log" actions={<ExportMenu org={org} filter={filter} />} />
      <Group gap="sm" align="flex-end">
        <NativeSelect
          label="Action"
          value={search.action ?? ''}
          onChange={(event) => narrow({ action: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: 'Any action' },
            ...Object.entries(actions).map(([value, { label }]) => ({ value, label })),
          ]}
        />
        <TextInput
          type="date"
          label="From"
          value={search.from ?? ''}
          max={search.to}
          onChange={(event) => narrow({ from: event.currentTarget.value || undefined })}
        />
        <TextInput
          type="date"
          label="To"
          value={search.to ?? ''}
          min={search.from}
          onChange={(event) => narrow({ to: event.currentTarget.value || undefined })}
        />
        {filter.actorId && <Tag tone="lead">Only by one account</Tag>}
        {filter.targetId && <Tag tone="lead">Only about one thing</Tag>}
        {filtered && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => void navigate({ ...paths.auditLog(slug), search: {}, replace: true })}
          >
            Clear filters
          </Button>
        )}
      </Group>
      <DataTable
        label="Audit log"
        rows={events}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<Empty title={filtered ? 'No event matches' : 'Nothing has happened yet'} />}
      />
    </Stack>
  )
}

function ExportMenu({ org, filter }: { org: string; filter: AuditFilter }) {
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default">Export</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={exportAddress(org, 'csv', filter)} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress(org, 'ndjson', filter)} download>
          NDJSON
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
