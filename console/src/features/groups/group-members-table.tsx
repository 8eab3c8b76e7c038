import type { ReactNode } from 'react'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable, type Rows } from '../../ui/data-table'
import { TextLink } from '../../ui/links'
import { Name } from '../../ui/name'
import { RowMenu } from '../../ui/row-menu'
import type { GroupMember } from './queries'
import { groupRoles } from './words'

type Props = {
  rows: Rows<GroupMember>
  /** Whether the accounts' own pages may be opened. */
  linked: boolean
  onChangeRole?: (member: GroupMember) => void
  onRemove?: (member: GroupMember) => void
  empty: ReactNode
}

export function GroupMembersTable({ rows, linked, onChangeRole, onRemove, empty }: Props) {
  const { slug } = useMembership()
  const columns: Column<GroupMember>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 2fr)',
      cell: ({ account: { id, kind, name } }) =>
        linked ? (
          <TextLink {...(kind === 'member' ? paths.member(slug, id) : paths.serviceAccount(slug, id))} c="inherit">
            <Name>{name}</Name>
          </TextLink>
        ) : (
          <Name>{name}</Name>
        ),
    },
    {
      key: 'kind',
      header: 'Kind',
      cell: ({ account: { kind } }) => (kind === 'member' ? 'Member' : 'Service account'),
    },
    { key: 'role', header: 'Role in the group', cell: ({ role }) => groupRoles[role] },
  ]
  if (onChangeRole && onRemove) {
    columns.push({
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (member) => {
        const next = member.role === 'manager' ? 'member' : 'manager'
        return (
          <RowMenu
            label={`Actions for ${member.account.name}`}
            actions={[
              { label: `Make ${next}`, onClick: () => onChangeRole({ ...member, role: next }) },
              { label: 'Remove from group', onClick: () => onRemove(member), danger: true },
            ]}
          />
        )
      },
    })
  }
  return (
    <DataTable
      label="Members of the group"
      rows={rows}
      columns={columns}
      rowKey={({ account }) => account.id}
      empty={empty}
    />
  )
}
