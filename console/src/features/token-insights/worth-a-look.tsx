import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { Name } from '../../ui/name'
import { Failure, Notice } from '../../ui/notice'
import { Section } from '../../ui/page'
import { RelativeTime } from '../../ui/relative-time'
import { RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { type Remark, worthALook } from './insights'
import { activeTokensQuery } from './queries'
import classes from './token-insights.module.css'
import { remarkSentence } from './words'

const first = 5

/** Tokens that nothing uses and tokens that never expire, each with what can be done about it. */
export function WorthALook({ days }: { days: number }) {
  const { id: org, role, accountId } = useMembership()
  const { data, error, refetch } = useQuery(activeTokensQuery(org))
  const { open } = useDialog()
  const [all, setAll] = useState(false)
  if (error && !data) {
    return (
      <Failure
        error={error}
        action={
          <Button size="xs" variant="default" onClick={() => refetch()}>
            Try again
          </Button>
        }
      />
    )
  }
  if (!data) return <Skeleton h={160} />
  const remarks = worthALook(data.tokens, days, Date.now())
  const shown = all ? remarks : remarks.slice(0, first)

  const actionsOf = ({ token, neverExpires }: Remark) => {
    const theirs = token.accountId !== accountId && token.account.kind === 'member'
    return [
      ...(neverExpires
        ? [
            {
              label: 'Refresh with an expiration',
              onClick: () => void open('refresh-token', token.id),
              reason: theirs ? 'Only its owner can refresh this token' : undefined,
            },
          ]
        : []),
      { label: 'Delete', onClick: () => void open('delete-token', token.id), danger: true },
    ]
  }
  const columns: Column<Remark>[] = [
    {
      key: 'token',
      header: 'Token',
      width: 'minmax(0, 2fr)',
      cell: ({ token }) => <Name detail={role === 'admin' ? token.account.name : undefined}>{token.name}</Name>,
    },
    {
      key: 'why',
      header: 'Why',
      width: 'minmax(0, 1.6fr)',
      cell: ({ unused, neverExpires }) => (
        <span className={classes.tags}>
          {unused && <Tag tone="wait">Not used in {days} days</Tag>}
          {neverExpires && <Tag>Never expires</Tag>}
        </span>
      ),
    },
    {
      key: 'used',
      header: 'Last used',
      cell: ({ token }) => <RelativeTime iso={token.lastUsedAt} none="Never" />,
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (remark) => <RowMenu label={`Actions for ${remark.token.name}`} actions={actionsOf(remark)} />,
    },
  ]
  return (
    <Section
      title="Worth a look"
      order={3}
      about={
        remarks.length > 0 &&
        `${remarkSentence(remarks, days)} Delete what nothing needs, and give the others an expiration: a token that nobody misses can be stolen unnoticed.`
      }
    >
      {!data.complete && (
        <Notice>Only {data.tokens.length.toLocaleString()} tokens were looked at; there are more.</Notice>
      )}
      <DataTable
        label="Worth a look"
        rows={rowsOf(shown)}
        columns={columns}
        rowKey={({ token }) => token.id}
        empty={
          <Empty title="Nothing to look after" order={4}>
            Every token has been in use and will expire.
          </Empty>
        }
      />
      {remarks.length > first && (
        <div>
          <Button variant="default" size="xs" aria-expanded={all} onClick={() => setAll((now) => !now)}>
            {all ? 'Show fewer' : `Show all ${remarks.length.toLocaleString()}`}
          </Button>
        </div>
      )}
    </Section>
  )
}

/** What is there already, for a table that could also load more. */
export const rowsOf = <Row,>(data: Row[]) => ({
  data,
  error: null,
  hasNextPage: false,
  isFetchingNextPage: false,
  fetchNextPage: () => undefined,
  refetch: () => undefined,
})
