import { Button, Text } from '@mantine/core'
import { Notice } from '../../ui/notice'
import { Section } from '../../ui/page'
import { RelativeTime } from '../../ui/relative-time'
import type { OAuthProvider } from './queries'
import { useRefreshKeys } from './use-provider-actions'
import { countKeys } from './words'

/** The keys' age, and what went wrong when they were last fetched. */
export function KeysSection({ provider: { id, keys } }: { provider: OAuthProvider }) {
  const { mutate: refresh, isPending } = useRefreshKeys()
  const { fetchedAt, count, lastError } = keys
  // E7: so long the last good set serves when the provider can't be asked.
  const tooOld = fetchedAt !== null && Date.now() - Date.parse(fetchedAt) > 3_600_000
  const fault = tooOld
    ? 'The last fetch had a fault, and keys that are older than an hour no longer serve'
    : 'The last fetch had a fault'
  return (
    <Section
      title="Keys"
      order={3}
      actions={
        <Button variant="default" loading={isPending} onClick={() => refresh(id)}>
          Refresh keys
        </Button>
      }
    >
      <Text>
        {fetchedAt ? (
          <>
            {countKeys(count)}, fetched <RelativeTime iso={fetchedAt} none="" />
          </>
        ) : lastError ? (
          'No keys: its tokens can’t be verified.'
        ) : (
          'Not fetched yet.'
        )}
      </Text>
      {lastError && (
        <Notice tone={fetchedAt && !tooOld ? 'wait' : 'bad'} {...(fetchedAt && { title: fault })}>
          {lastError}
        </Notice>
      )}
    </Section>
  )
}
