import { Button, Group, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Problem } from '../../api'
import { useRefresh } from '../../shell/session'
import { hideNotification, notify, notifyFailure } from '../../ui/notify'
import { type Impact, propagationQuery, putSettings, type Settings, settingsQuery } from './queries'
import { capitalized, effectText, savedNotice } from './words'

/** How long a save can be undone from its notice (P13). */
const undoMs = 30_000

type NoticeProps = { org: string; text: string; version: number; onUndo?: (() => void) | undefined }

function SavedNotice({ org, text, version, onUndo }: NoticeProps) {
  const { data } = useQuery(propagationQuery(org))
  return (
    <>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <div>{text}</div>
        {onUndo && (
          <Button size="compact-sm" variant="default" onClick={onUndo}>
            Undo
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mih="1.5em">
        {data && data.version >= version && capitalized(effectText(data))}
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
    const id = `settings-saved-${saved.stored.version}`
    const onUndo = () => {
      hideNotification(id)
      void undo(saved)
    }
    const { version } = saved.stored
    notify(<SavedNotice org={org} text={savedNotice(saved.impact)} version={version} onUndo={onUndo} />, {
      id,
      autoClose: undoMs,
    })
  }
}
