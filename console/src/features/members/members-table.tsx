import { Checkbox, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { paths } from '../../paths'
import { useInstance, useMembership } from '../../shell/session'
import { type Column, DataTable, type Rows } from '../../ui/data-table'
import { TextLink } from '../../ui/links'
import { Name, NameList } from '../../ui/name'
import { RelativeTime } from '../../ui/relative-time'
import { RowMenu } from '../../ui/row-menu'
import { MailState, MemberStatus } from './invitation-state'
import { useMemberActions } from './member-dialogs'
import classes from './members-table.module.css'
import type { Member } from './queries'
import { addressNotConfirmed, displayName, roles } from './words'

type Props = {
  rows: Rows<Member>
  chosen: ReadonlyMap<string, Member>
  onChoose: (chosen: ReadonlyMap<string, Member>) => void
  empty: ReactNode
}

/** The address below the name, and whether anything showed that it is theirs. */
function AddressDetail({ member: { name, email, emailProven, freshStartAt } }: { member: Member }) {
  // Without email nobody's address can be confirmed here, and a mark on every row would say nothing.
  const { mailConfigured } = useInstance()
  const marks = [
    mailConfigured && emailProven === false && addressNotConfirmed,
    freshStartAt && 'Sign-in will be replaced',
  ].filter(Boolean)
  return (
    <>
      {name !== email && <div>{email}</div>}
      {marks.length > 0 && <div className={classes.mark}>{marks.join(' · ')}</div>}
    </>
  )
}

export function MembersTable({ rows, chosen, onChoose, empty }: Props) {
  const { slug, accountId } = useMembership()
  const actionsOf = useMemberActions()

  const toggle = (member: Member) => {
    const next = new Map(chosen)
    if (!next.delete(member.id)) next.set(member.id, member)
    onChoose(next)
  }
  const columns: Column<Member>[] = [
    {
      key: 'select',
      header: 'Select',
      width: '24px',
      control: true,
      cell: (member) => (
        <Checkbox
          aria-label={`Select ${displayName(member)}`}
          checked={chosen.has(member.id)}
          onChange={() => toggle(member)}
        />
      ),
    },
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 2fr)',
      cell: (member) => (
        <TextLink {...paths.member(slug, member.id)} c="inherit">
          <Name detail={<AddressDetail member={member} />}>
            {member.id === accountId ? `${displayName(member)} (you)` : displayName(member)}
          </Name>
        </TextLink>
      ),
    },
    { key: 'role', header: 'Role', width: '90px', cell: ({ role }) => roles[role] },
    {
      key: 'status',
      header: 'Status',
      width: '150px',
      cell: (member) => (
        <div>
          <MemberStatus member={member} />
          <MailState mail={member.invitation?.mail} />
        </div>
      ),
    },
    {
      key: 'groups',
      header: 'Groups',
      cell: ({ groups }) => (
        <Text span lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          <NameList names={groups.map(({ name }) => name)} />
        </Text>
      ),
    },
    {
      key: 'joined',
      header: 'Joined',
      width: '130px',
      cell: ({ joinedAt }) => <RelativeTime iso={joinedAt} none="–" />,
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (member) => <RowMenu label={`Actions for ${displayName(member)}`} actions={actionsOf(member)} />,
    },
  ]
  return <DataTable label="Members" rows={rows} columns={columns} rowKey={({ id }) => id} empty={empty} />
}
