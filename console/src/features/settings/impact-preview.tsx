import { Skeleton, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Failure, Notice } from '../../ui/notice'
import { RelativeTime } from '../../ui/relative-time'
import { sameChoice } from './choice'
import { type Choice, impactQuery } from './queries'
import classes from './settings.module.css'
import { impactSentence } from './words'

/** What saving would do (P9). It follows the choices at its own pace: choosing never waits for it. */
export function ImpactPreview({ org, choice }: { org: string; choice: Choice }) {
  const [asked] = useDebouncedValue(choice, 250)
  const { data, error, isPlaceholderData } = useQuery({ ...impactQuery(org, asked), placeholderData: keepPreviousData })
  if (error) return <Failure error={new Error(`What this would change can’t be shown: ${error.message}`)} />
  const stale = isPlaceholderData || !sameChoice(asked, choice)
  return (
    <Stack gap="sm" aria-live="polite" aria-busy={stale || !data}>
      <div className={`${classes.impact} ${stale ? classes.stale : ''}`}>
        {data ? <Text fw={550}>{impactSentence(data)}</Text> : <Skeleton h={16} my={4} w="75%" />}
        {data && data.examples.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          <ul className={classes.examples} tabIndex={0} aria-label="The first tokens affected">
            {data.examples.map(({ tokenId, name, account, lastUsedAt }) => (
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
      {data?.warnings.map(({ code, message }) => (
        <Notice key={code} tone="wait">
          {message}
        </Notice>
      ))}
    </Stack>
  )
}
