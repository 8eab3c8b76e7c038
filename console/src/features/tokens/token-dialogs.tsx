import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api'
import { deleteToken } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notify } from '../../ui/notify'
import { useDialog } from '../../ui/use-dialog'
import { CreateTokenForm } from './create-token-form'
import { EditTokenDialog } from './edit-token-dialog'
import { type Token, tokenQuery } from './queries'
import { RefreshTokenForm } from './refresh-token-form'
import { SecretDialog } from './secret-dialog'

/** The dialogs of a page that lists tokens; the address says which is open. */
export function TokenDialogs({
  accountId,
  createTitle = 'Create token',
}: {
  accountId?: string
  createTitle?: string
}) {
  const { id: org } = useMembership()
  const { dialog, id, close } = useDialog()
  const refresh = useRefresh()
  const reload = () => void refresh('tokens')
  const finish = () => {
    close()
    reload()
  }
  const cancel = (
    <Button variant="default" onClick={close}>
      Cancel
    </Button>
  )
  if (dialog === 'create-token') {
    return (
      <SecretDialog title={createTitle} onClose={close}>
        {(show) => (
          <CreateTokenForm
            org={org}
            accountId={accountId}
            aside={cancel}
            onCreated={({ secret }) => {
              show(secret)
              reload()
            }}
          />
        )}
      </SecretDialog>
    )
  }
  if (!id || !dialog?.endsWith('-token')) return null
  return (
    <OneTokenDialog key={dialog + id} org={org} id={id} dialog={dialog} close={close} reload={reload} finish={finish} />
  )
}

type OneProps = { org: string; id: string; dialog: string; close: () => void; reload: () => void; finish: () => void }

function OneTokenDialog({ org, id, dialog, close, reload, finish }: OneProps) {
  const { data: token } = useQuery(tokenQuery(org, id))
  if (!token) return null
  if (dialog === 'refresh-token') {
    return (
      <SecretDialog title="Refresh token" onClose={close}>
        {(show) => (
          <RefreshTokenForm
            org={org}
            token={token}
            onCancel={close}
            onRefreshed={(secret) => {
              show(secret)
              reload()
            }}
          />
        )}
      </SecretDialog>
    )
  }
  if (dialog === 'edit-token') return <EditTokenDialog org={org} token={token} onClose={close} onDone={finish} />
  return dialog === 'delete-token' ? <DeleteToken org={org} token={token} close={close} /> : null
}

function DeleteToken({ org, token, close }: { org: string; token: Token; close: () => void }) {
  const refresh = useRefresh()
  const remove = async () => {
    await ask(deleteToken({ path: { org, id: token.id } }))
    notify('Token deleted')
    close()
    // The lists alone: the token is no more, and asking for it would be answered with 404.
    void refresh(['tokens', 'list'])
  }
  return (
    <Confirm title="Delete token" action="Delete" onConfirm={remove} onClose={close}>
      <b>
        <bdi>{token.name}</bdi>
      </b>{' '}
      stops working at once and for good. Whatever still uses it is refused.
    </Confirm>
  )
}
