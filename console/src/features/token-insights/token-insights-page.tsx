import { NativeSelect, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core'
import '@mantine/core/styles/FloatingIndicator.css'
import '@mantine/core/styles/SegmentedControl.css'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { paths } from '../../paths'
import { Trouble } from '../../shell/dead-ends'
import { PreviewTag } from '../../shell/preview-tag'
import { useMembership } from '../../shell/session'
import { formatDayLong } from '../../ui/day'
import { Empty } from '../../ui/empty'
import { ButtonLink } from '../../ui/links'
import { Section, SectionHead, usePageTitle } from '../../ui/page'
import { DayChart } from './day-chart'
import { type Period, periods, type Usage, usageQuery } from './queries'
import classes from './token-insights.module.css'
import { AccountUsage, TokenUsage } from './usage-table'
import { summaryOf } from './words'
import { WorthALook } from './worth-a-look'

const TokenDialogs = lazy(async () => ({ default: (await import('../tokens/token-dialogs')).TokenDialogs }))

const isPeriod = (text: string | undefined): text is Period => periods.some((period) => period === text)
/** As many as the server lists. */
const mostListed = 200

/** "Token insights": how the tokens are used, and which of them should be looked at. A member's own, an admin's all. */
export function TokenInsightsPage() {
  const { id: org, slug, name, role } = useMembership()
  const { days: asked, by } = useSearch({ from: '/o/$slug/settings/token-insights' })
  const days = isPeriod(asked) ? asked : '30'
  const { data: usage, error, refetch, isPlaceholderData } = useQuery(usageQuery(org, days))
  const navigate = useNavigate()
  usePageTitle('Token insights', name)

  const admin = role === 'admin'
  const show = (change: { days?: string; by?: string | undefined }) =>
    void navigate({
      ...paths.tokenInsights(slug),
      search: (now) => ({ ...now, ...change }),
      replace: true,
      resetScroll: false,
    })
  if (error && !usage) return <Trouble error={error} onRetry={refetch} />
  const period = (
    <NativeSelect
      aria-label="Period"
      value={days}
      onChange={(event) => show({ days: event.currentTarget.value })}
      data={periods.map((value) => ({ value, label: `Last ${value} days` }))}
    />
  )
  return (
    <Stack gap="lg" mt="lg">
      <SectionHead
        title="Token insights"
        tag={<PreviewTag feature="token-insights" />}
        about={
          admin
            ? 'How often each token of the organization was used, by day. Days are those of UTC.'
            : 'How often each of your tokens was used, by day. Days are those of UTC.'
        }
        actions={usage?.tokens.length !== 0 && period}
      />
      {!usage && <Skeleton h={260} aria-label="Loading" />}
      {usage?.tokens.length === 0 && (
        <Empty
          title="No tokens yet"
          action={
            <ButtonLink {...paths.apis(slug)} search={{ dialog: 'create-token' }}>
              Create token
            </ButtonLink>
          }
        >
          As soon as a program calls the API with a token, its uses are counted here, day by day.
        </Empty>
      )}
      {usage && usage.tokens.length > 0 && (
        <>
          <div style={{ opacity: isPlaceholderData ? 0.6 : 1 }} aria-busy={isPlaceholderData}>
            <DayChart days={usage.days} summary={summaryOf(usage)} />
            <DaysBehind days={usage.days} />
          </div>
          <WorthALook days={Number(days)} />
          <Section
            title="Where the use comes from"
            order={3}
            about={usage.tokens.length >= mostListed && `The ${mostListed} most used tokens.`}
            actions={
              admin && (
                <SegmentedControl
                  aria-label="Use per"
                  value={by === 'account' ? 'account' : 'token'}
                  onChange={(value) => show({ by: value === 'account' ? value : undefined })}
                  data={[
                    { value: 'token', label: 'Per token' },
                    { value: 'account', label: 'Per account' },
                  ]}
                />
              )
            }
          >
            {admin && by === 'account' ? <AccountUsage tokens={usage.tokens} /> : <TokenUsage tokens={usage.tokens} />}
            <Text c="dimmed">
              Uses of tokens that were deleted since count in the days above, and aren’t listed here.
            </Text>
          </Section>
        </>
      )}
      <Suspense fallback={null}>
        <TokenDialogs />
      </Suspense>
    </Stack>
  )
}

/** The figures of the chart to read, the latest day first. */
function DaysBehind({ days }: { days: Usage['days'] }) {
  return (
    <details className={classes.behind}>
      <summary>Show as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.days} tabIndex={0} aria-label="Uses per day">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Uses</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ date, count }) => (
              <tr key={date}>
                <th scope="row">{formatDayLong(date)}</th>
                <td>{count.toLocaleString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}
