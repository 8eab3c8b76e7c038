import { Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMembership } from '../../shell/session'
import { Failure, Notice } from '../../ui/notice'
import { RelativeTime } from '../../ui/relative-time'
import classes from './impact.module.css'
import { changeImpactQuery, type Impact, type IntendedChange } from './queries'
import { impactSentence } from './words'

type Props = { impact: Impact | undefined; error: Error | null; stale?: boolean }

/** What a change would do: figures, the first tokens by name, warnings (P9). */
export function ImpactPanel({ impact, error, stale = false }: Props) {
  if (error) return <Failure error={new Error(`What this would change can’t be shown: ${error.message}`)} />
  return (
    <Stack gap="sm" aria-live="polite" aria-busy={stale || !impact}>
      <div className={`${classes.impact} ${stale ? classes.stale : ''}`}>
        {impact ? <Text fw={550}>{impactSentence(impact)}</Text> : <Skeleton h={16} my={4} w="75%" />}
        {impact && impact.examples.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <ul className={classes.examples} tabIndex={0} aria-label="The first tokens affected">
            {impact.examples.map(({ tokenId, name, account, lastUsedAt }) => (
              <li key={tokenId} className={classes.example}>
                <span>
                  <bdi>{name}</bdi>{' '}
                  <Text span c="dimmed">
                    of <bdi>{account.name}</bdi>
                  </Text>
                </span>
                <Text span c="dimmed">
                  {lastUsedAt ? 'used ' : ''}
                  <RelativeTime iso={lastUsedAt} none="never used" />
                </Text>
              </li>
            ))}
          </ul>
        )}
      </div>
      {impact?.warnings.map(({ code, message }) => (
        <Notice key={code} tone="wait">
          {message}
        </Notice>
      ))}
    </Stack>
  )
}

/** What a removal would do, inside the dialog that asks for it. */
export function ChangeImpact({ change }: { change: IntendedChange }) {
  const { id: org } = useMembership()
  const { data, error } = useQuery(changeImpactQuery(org, change))
  // Tokens that are suspended already are not affected by the removal.
  const impact = data && { ...data, tokens: { ...data.tokens, stillSuspended: 0 } }
  return <ImpactPanel impact={impact} error={error} />
}
