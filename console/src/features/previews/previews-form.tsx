import { Button, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../../api'
import { evaluationQuery } from '../../shell/evaluation'
import { useRefresh } from '../../shell/session'
import { DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { amongListed, chosenOf, sameKeys } from './choice'
import { NothingListed, PreviewChoices } from './preview-choices'
import { PreviewsConflict } from './previews-conflict'
import { type Previews, previewsQuery, putPreviews } from './queries'
import { savedNotice } from './words'

type Props = { org: string; stored: Previews; onClose: () => void }

export function PreviewsForm({ org, stored, onClose }: Props) {
  const [base, setBase] = useState(stored)
  const [chosen, setChosen] = useState(chosenOf(stored))
  const queryClient = useQueryClient()
  const refresh = useRefresh()

  const save = useMutation({
    mutationFn: ({ enabled, over }: { enabled: string[]; over: Previews }) => putPreviews(org, enabled, over.version),
    onSuccess: (now, { over }) => {
      queryClient.setQueryData(previewsQuery(org).queryKey, now)
      void queryClient.invalidateQueries({ queryKey: evaluationQuery(org).queryKey })
      void refresh('audit')
      notify(savedNotice(now, chosenOf(over)))
      onClose()
    },
  })
  const theirs =
    save.error instanceof Problem && save.error.status === 412 ? (save.error.current as Previews) : undefined

  if (theirs) {
    const takeTheirs = () => {
      queryClient.setQueryData(previewsQuery(org).queryKey, theirs)
      setBase(theirs)
      setChosen(chosenOf(theirs))
      save.reset()
    }
    const mine = amongListed(theirs.features, chosen)
    return (
      <PreviewsConflict
        base={base}
        theirs={theirs}
        mine={mine}
        saving={save.isPending}
        onUseTheirs={takeTheirs}
        onSaveMine={() => save.mutate({ enabled: mine, over: theirs })}
      />
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ enabled: chosen, over: base })
      }}
    >
      <Stack gap="md">
        <Text>
          Preview features are there to be tried before they are finished. What you select is on for all members of the
          organization. Stability and performance of preview features aren’t guaranteed, and feedback is welcome.
        </Text>
        {base.features.length > 0 ? (
          <PreviewChoices features={base.features} chosen={chosen} onChange={setChosen} />
        ) : (
          <NothingListed />
        )}
        <Failure error={save.error} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          {base.features.length > 0 ? 'Cancel' : 'Close'}
        </Button>
        {base.features.length > 0 && (
          <Button type="submit" loading={save.isPending} disabled={sameKeys(chosen, chosenOf(base))}>
            Update
          </Button>
        )}
      </DialogActions>
    </form>
  )
}
