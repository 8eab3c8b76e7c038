import { Button, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../../api'
import { useRefresh } from '../../shell/session'
import { DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { lacksGroups, sameChoice, toChoice, toDraft } from './choice'
import { CreationFields } from './creation-fields'
import { ImpactPreview } from './impact-preview'
import { PropagationDetails, SavedNotice } from './propagation'
import { type Choice, impactQuery, propagationQuery, putSettings, type Settings, settingsQuery } from './queries'
import { SettingsConflict } from './settings-conflict'
import { savedNotice } from './words'

type Props = { org: string; saved: Settings; onClose: () => void }

export function SettingsForm({ org, saved, onClose }: Props) {
  const [base, setBase] = useState(saved)
  const [draft, setDraft] = useState(toDraft(saved.apiTokens))
  const queryClient = useQueryClient()
  const refresh = useRefresh()
  const choice = toChoice(draft)
  const changed = !sameChoice(choice, base.apiTokens)

  const save = useMutation({
    mutationFn: async ({ choice, version }: { choice: Choice; version: Settings['version'] }) => {
      // Before the save, for the notice after it: then the figures say nothing any more.
      const impact = await queryClient.fetchQuery(impactQuery(org, choice)).catch(() => undefined)
      return { stored: await putSettings(org, choice, version), impact }
    },
    onSuccess: ({ stored, impact }) => {
      queryClient.setQueryData(settingsQuery(org).queryKey, stored)
      queryClient.removeQueries({ queryKey: ['organization', org, 'impact'] })
      void refresh('tokens', 'audit')
      queryClient.removeQueries({ queryKey: propagationQuery(org).queryKey })
      notify(<SavedNotice org={org} what={savedNotice(impact)} version={stored.version} />)
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
        onSaveMine={() => save.mutate({ choice, version: theirs.version })}
      />
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ choice, version: base.version })
      }}
    >
      <Stack gap="md">
        <CreationFields org={org} draft={draft} onChange={setDraft} />
        {changed && !lacksGroups(choice) && <ImpactPreview org={org} choice={choice} />}
        <Failure error={save.error} />
        <PropagationDetails org={org} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending} disabled={!changed || lacksGroups(choice)}>
          Save changes
        </Button>
      </DialogActions>
    </form>
  )
}
