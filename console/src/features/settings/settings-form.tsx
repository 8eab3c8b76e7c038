import { Button, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../../api'
import { DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { findRestoredVersion, lacksGroups, sameChoice, toChoice, toDraft } from './choice'
import { CreationFields } from './creation-fields'
import { ImpactPreview } from './impact-preview'
import { PropagationDetails } from './propagation'
import { type Choice, impactQuery, putSettings, type Settings, settingsQuery } from './queries'
import { useSavedNotice } from './saved-notice'
import { SettingsConflict } from './settings-conflict'

type Props = { org: string; saved: Settings; onClose: () => void }

export function SettingsForm({ org, saved, onClose }: Props) {
  const [base, setBase] = useState(saved)
  const [draft, setDraft] = useState(toDraft(saved.apiTokens))
  const queryClient = useQueryClient()
  const showSaved = useSavedNotice(org)
  const choice = toChoice(draft)
  const changed = !sameChoice(choice, base.apiTokens)
  const incomplete = lacksGroups(choice) && findRestoredVersion(choice, base.apiTokens) === undefined

  const save = useMutation({
    mutationFn: async ({ choice, over }: { choice: Choice; over: Settings }) => {
      // Before the save, for the notice after it: then the figures say nothing any more.
      const impact = await queryClient.fetchQuery(impactQuery(org, choice)).catch(() => undefined)
      const beforeStopVersion = findRestoredVersion(choice, over.apiTokens)
      return { stored: await putSettings(org, choice, { version: over.version, beforeStopVersion }), impact, over }
    },
    onSuccess: ({ stored, impact, over }) => {
      showSaved({ stored, replaced: over, impact })
      onClose()
    },
  })
  const theirs =
    save.error instanceof Problem && save.error.status === 412 ? (save.error.current as Settings) : undefined

  if (theirs) {
    const takeTheirs = () => {
      queryClient.setQueryData(settingsQuery(org).queryKey, theirs)
      setBase(theirs)
      setDraft(toDraft(theirs.apiTokens))
      save.reset()
    }
    return (
      <SettingsConflict
        org={org}
        theirs={theirs}
        mine={choice}
        saving={save.isPending}
        onUseTheirs={takeTheirs}
        onSaveMine={() => save.mutate({ choice, over: theirs })}
      />
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ choice, over: base })
      }}
    >
      <Stack gap="md">
        <CreationFields org={org} draft={draft} onChange={setDraft} />
        {changed && !incomplete && <ImpactPreview org={org} choice={choice} />}
        <Failure error={save.error} />
        <PropagationDetails org={org} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending} disabled={!changed || incomplete}>
          Save changes
        </Button>
      </DialogActions>
    </form>
  )
}
