import { Button, Stack, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ask } from '../../api'
import { checkToken } from '../../client/sdk.gen'
import { useMembership } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { AddMappingDialog } from '../account-mappings/add-mapping-dialog'
import classes from './oauth-providers.module.css'
import type { OAuthProvider } from './queries'
import { subjectIn } from './token-subject'
import { TokenVerdict } from './token-verdict'

/** What a person pastes around a token. */
const bare = (pasted: string) => pasted.trim().replace(/^bearer\s+/i, '')

/** E8: the token is in this field alone, and gone with it. */
export function CheckTokenDialog({ provider, onClose }: { provider: OAuthProvider; onClose: () => void }) {
  const { id: org } = useMembership()
  const [token, setToken] = useState('')
  const check = useMutation({
    mutationFn: () => ask(checkToken({ path: { org, id: provider.id }, body: { token: bare(token) } })),
    gcTime: 0,
  })
  const [mapping, setMapping] = useState(false)
  if (mapping) {
    return (
      <AddMappingDialog
        providerId={provider.id}
        subject={subjectIn(bare(token), provider.subjectClaim)}
        onAdded={check.mutate}
        onClose={() => setMapping(false)}
      />
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (bare(token)) check.mutate()
  }
  return (
    <Dialog title="Check a token" size="lg" guarded={false} onClose={onClose}>
      <form onSubmit={submit} noValidate autoComplete="off">
        <Stack gap="md">
          <Textarea
            label="Access token"
            description={
              <>
                One that <bdi>{provider.name}</bdi> issued. It is checked and forgotten: neither stored nor logged.
              </>
            }
            minRows={3}
            maxRows={5}
            classNames={{ input: classes.token }}
            autosize
            autoComplete="off"
            autoCorrect="off"
            autoCapitalize="off"
            spellCheck={false}
            data-autofocus
            value={token}
            onChange={(event) => {
              setToken(event.currentTarget.value)
              check.reset()
            }}
          />
          <Failure error={check.error} />
          {check.data && <TokenVerdict result={check.data} onMap={() => setMapping(true)} />}
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={check.isPending} disabled={!bare(token)}>
            Check token
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
