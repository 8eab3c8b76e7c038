import { Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Problem } from '../../api'
import { useRefresh } from '../../shell/session'
import { notify, notifyFailure, notifyWithUndo } from '../../ui/notify'
import type { Impact } from '../impact/queries'
import { capitalize } from '../impact/words'
import { propagationQuery, putSettings, type Settings, settingsQuery } from './queries'
import { effectText, savedNotice } from './words'

function SavedNotice({ org, text, version }: { org: string; text: string; version: number }) {
  const { data } = useQuery(propagationQuery(org))
  return (
    <>
      <div>{text}</div>
      <Text size="sm" c="dimmed" mih="1.5em">
        {data && data.version >= version && capitalize(effectText(data))}
      </Text>
    </>
  )
}

type Saved = { stored: Settings; replaced: Settings; impact: Impact | undefined }

/** Shows what a save did and where it is in effect, and offers to undo it. */
export function useSavedNotice(org: string) {
  const queryClient = useQueryClient()
  const refresh = useRefresh()

  const takeUp = (stored: Settings) => {
    queryClient.setQueryData(settingsQuery(org).queryKey, stored)
    queryClient.removeQueries({ queryKey: ['organization', org, 'impact'] })
    queryClient.removeQueries({ queryKey: propagationQuery(org).queryKey })
    void refresh('tokens', 'audit')
  }

  const undo = async ({ stored, replaced }: Saved) => {
    const { beforeStop: _, ...setting } = replaced.apiTokens
    try {
      // Naming the version restores also a selection that has lost all its groups.
      const restored = await putSettings(org, setting, { version: stored.version, beforeStopVersion: replaced.version })
      takeUp(restored)
      notify(<SavedNotice org={org} text="Settings restored" version={restored.version} />)
    } catch (error) {
      const changed = error instanceof Problem && error.status === 412
      notifyFailure(
        changed ? new Error('Nothing was undone: the settings have changed again since.') : (error as Error),
      )
    }
  }

  return (saved: Saved) => {
    takeUp(saved.stored)
    const text = savedNotice(saved.impact)
    notifyWithUndo(<SavedNotice org={org} text={text} version={saved.stored.version} />, () => void undo(saved))
  }
}
