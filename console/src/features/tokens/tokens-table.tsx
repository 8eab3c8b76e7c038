import type { ReactNode } from 'react'
import { useMembership } from '../../shell/session'
import { type Column, DataTable, type Rows } from '../../ui/data-table'
import { Name } from '../../ui/name'
import { RelativeTime } from '../../ui/relative-time'
import { type RowAction, RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import type { Token } from './queries'
import { states } from './words'

type Props = {
  rows: Rows<Token>
  empty: ReactNode
  label: string
  /** Why these tokens can't be refreshed now. */
  refreshReason?: string | undefined
  ownerColumn?: Column<Token>
}

export function TokensTable({ rows, empty, label, refreshReason, ownerColumn }: Props) {
  const { accountId } = useMembership()
  const { open } = useDialog()

  const actionsOf = (token: Token): RowAction[] => {
    const theirs = token.accountId !== accountId && token.account.kind === 'member'
    const reason = theirs ? 'Only its owner can refresh this token' : refreshReason
    return [
      { label: 'Refresh', onClick: () => void open('refresh-token', token.id), reason },
      { label: 'Edit', onClick: () => void open('edit-token', token.id) },
      { label: 'Delete', onClick: () => void open('delete-token', token.id), danger: true },
    ]
  }

  const columns: Column<Token>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 2.2fr)',
      cell: ({ name, description }) => <Name detail={description}>{name}</Name>,
    },
    ...(ownerColumn ? [ownerColumn] : []),
    { key: 'hint', header: 'Token', width: '120px', cell: ({ hint }) => <code>{hint}</code> },
    {
      key: 'state',
      header: 'State',
      width: '100px',
      cell: ({ state }) => <Tag tone={states[state].tone}>{states[state].label}</Tag>,
    },
    { key: 'created', header: 'Created', cell: ({ createdAt }) => <RelativeTime iso={createdAt} none="–" /> },
    { key: 'expires', header: 'Expires', cell: ({ expiresAt }) => <RelativeTime iso={expiresAt} none="Never" /> },
    { key: 'used', header: 'Last used', cell: ({ lastUsedAt }) => <RelativeTime iso={lastUsedAt} none="Never" /> },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (token) => <RowMenu label={`Actions for ${token.name}`} actions={actionsOf(token)} />,
    },
  ]
  return <DataTable label={label} rows={rows} columns={columns} rowKey={({ id }) => id} empty={empty} />
}
