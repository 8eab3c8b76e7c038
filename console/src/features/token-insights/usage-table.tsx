import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Name } from '../../ui/name'
import { RelativeTime } from '../../ui/relative-time'
import { perAccount, type UsedAccount } from './insights'
import type { UsedToken } from './queries'
import classes from './token-insights.module.css'
import { countTokens, kinds } from './words'
import { rowsOf } from './worth-a-look'

/** A figure, and how it compares. */
function Uses({ count, most }: { count: number; most: number }) {
  return (
    <div className={classes.uses}>
      <span className={classes.figure}>{count.toLocaleString()}</span>
      <span className={classes.track}>
        <span className={classes.share} style={{ width: `${most > 0 ? (count / most) * 100 : 0}%` }} />
      </span>
    </div>
  )
}

type Used = { count: number; lastUsedAt: string | null }

/** The columns that say how much, beside the one with the most, and when last. */
function usesOf<Row extends Used>(rows: readonly Row[]): Column<Row>[] {
  const most = Math.max(...rows.map(({ count }) => count), 0)
  return [
    {
      key: 'uses',
      header: 'Uses',
      width: 'minmax(0, 1.6fr)',
      cell: ({ count }) => <Uses count={count} most={most} />,
    },
    {
      key: 'used',
      header: 'Last used',
      width: '130px',
      cell: ({ lastUsedAt }) => <RelativeTime iso={lastUsedAt} none="Never" />,
    },
  ]
}

const none = <Empty title="No tokens yet" order={4} />

export function TokenUsage({ tokens }: { tokens: UsedToken[] }) {
  const { slug, role } = useMembership()
  const columns: Column<UsedToken>[] = [
    { key: 'token', header: 'Token', width: 'minmax(0, 1.6fr)', cell: ({ name }) => <Name>{name}</Name> },
    ...(role === 'admin'
      ? [
          {
            key: 'account',
            header: 'Account',
            cell: ({ account }: UsedToken) => <Owner slug={slug} account={account} />,
          },
        ]
      : []),
    ...usesOf(tokens),
  ]
  return (
    <DataTable
      label="Use per token"
      rows={rowsOf(tokens)}
      columns={columns}
      rowKey={({ tokenId }) => tokenId}
      empty={none}
    />
  )
}

export function AccountUsage({ tokens }: { tokens: UsedToken[] }) {
  const { slug } = useMembership()
  const accounts = perAccount(tokens)
  const columns: Column<UsedAccount>[] = [
    {
      key: 'account',
      header: 'Account',
      width: 'minmax(0, 1.6fr)',
      cell: ({ account }) => <Owner slug={slug} account={account} />,
    },
    { key: 'kind', header: 'Kind', cell: ({ account }) => kinds[account.kind] },
    { key: 'tokens', header: 'Tokens', width: '110px', cell: ({ tokens }) => countTokens(tokens) },
    ...usesOf(accounts),
  ]
  return (
    <DataTable
      label="Use per account"
      rows={rowsOf(accounts)}
      columns={columns}
      rowKey={({ account }) => account.id}
      empty={none}
    />
  )
}

function Owner({ slug, account: { id, kind, name } }: { slug: string; account: UsedToken['account'] }) {
  return (
    <TextLink {...(kind === 'member' ? paths.member(slug, id) : paths.serviceAccount(slug, id))}>
      <bdi>{name}</bdi>
    </TextLink>
  )
}
