import { Text } from '@mantine/core'
import { RelativeTime } from '../../ui/relative-time'
import { Tag } from '../../ui/tag'
import type { OAuthProvider } from './queries'
import { countKeys } from './words'

/** How many keys there are, and of when; under it what went wrong last. */
export function KeysLine({ keys: { fetchedAt, count, lastError } }: Pick<OAuthProvider, 'keys'>) {
  return (
    <div>
      {fetchedAt ? (
        <>
          {countKeys(count)}, <RelativeTime iso={fetchedAt} none="" />
        </>
      ) : lastError ? (
        <Tag tone="bad">No keys</Tag>
      ) : (
        'Not fetched yet'
      )}
      {lastError && (
        <Text size="xs" c="dimmed" lineClamp={2} title={lastError}>
          {lastError}
        </Text>
      )}
    </div>
  )
}
