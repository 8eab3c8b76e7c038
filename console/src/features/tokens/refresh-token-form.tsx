import { Button, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api'
import { refreshToken } from '../../client/sdk.gen'
import { DialogActions } from '../../ui/dialog'
import { Failure, Notice } from '../../ui/notice'
import { formatExact } from '../../ui/relative-time'
import { useServerForm } from '../../ui/use-server-form'
import { checkExpiresAt, ExpirationInput, readExpiration } from './expiration'
import { abilityQuery, type Token } from './queries'

type Props = { org: string; token: Token; onRefreshed: (secret: string) => void; onCancel: () => void }

export function RefreshTokenForm({ org, token, onRefreshed, onCancel }: Props) {
  const ability = useQuery(abilityQuery(org, token.accountId)).data
  const keep = token.expiresAt && token.state !== 'expired' ? `Keep (${formatExact(token.expiresAt)})` : undefined
  const refused = ability?.allowed === false
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { expiration: keep ? 'keep' : token.expiresAt ? '30' : 'never', expiresAt: '' },
    validate: { expiresAt: checkExpiresAt },
    send: (expiration) =>
      ask(refreshToken({ path: { org, id: token.id }, body: readExpiration(expiration, token.expiresAt) })),
    onDone: ({ secret }) => onRefreshed(secret),
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <Text>
          <bdi>{token.name}</bdi> gets a new secret. The present one stops working at once; whatever uses it needs the
          new one.
        </Text>
        {refused && <Notice tone="wait">{ability.message}</Notice>}
        <ExpirationInput form={form} autoFocus {...(keep && { keep })} />
        <Failure error={failure} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={pending} disabled={refused}>
          Refresh
        </Button>
      </DialogActions>
    </form>
  )
}
