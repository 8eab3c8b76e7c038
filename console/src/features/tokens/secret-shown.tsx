import { Button, Stack, Text } from '@mantine/core'
import { CopyBlock } from '../../ui/copy'
import { DialogActions } from '../../ui/dialog'
import { Notice } from '../../ui/notice'
import { useUncopied } from '../../ui/uncopied'
import { curlLine } from './words'

/** The shown secret, and the command that holds it, are guarded as one. */
export function useUncopiedToken(secret: string | undefined, onLeave: () => void) {
  const words = {
    warning:
      'You haven’t copied the token, and it can’t be shown again. You would have to refresh it to get a new one.',
    back: 'Back to the token',
  }
  const { onCopied, ...guard } = useUncopied(secret === undefined ? [] : ['token'], words, onLeave)
  return { ...guard, onCopied: () => onCopied('token') }
}

type Props = { secret: string; onCopied: () => void; onDone: () => void; done?: string }

/** The one time that a secret is seen. */
export function SecretShown({ secret, onCopied, onDone, done = 'Done' }: Props) {
  return (
    <>
      <Stack gap="md">
        <Notice tone="wait" role="status">
          Copy the token now and keep it somewhere safe. It can’t be shown again.
        </Notice>
        <CopyBlock value={secret} label="Copy token" onCopy={onCopied} autoFocus />
        <div>
          <Text fw={550} mb={4}>
            Try it
          </Text>
          <CopyBlock value={curlLine(secret)} label="Copy command" onCopy={onCopied} />
        </div>
      </Stack>
      <DialogActions>
        <Button onClick={onDone}>{done}</Button>
      </DialogActions>
    </>
  )
}
