import { Button, Group } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'

const look = { withBorder: true, closeButtonProps: { 'aria-label': 'Dismiss' } }

/** A success is confirmed once, quietly. */
export function notify(message: ReactNode) {
  notifications.show({ ...look, message, autoClose: 5000 })
}

/** For an action that has no form or dialog to show its failure in. */
export function notifyFailure(error: Error) {
  notifications.show({ ...look, message: error.message, color: 'red', autoClose: 10_000 })
}

const undoMs = 30_000

/** A success that can be taken back for a while. */
export function notifyWithUndo(message: ReactNode, onUndo: () => void) {
  const undo = () => {
    notifications.hide(id)
    onUndo()
  }
  const id = notifications.show({
    ...look,
    autoClose: undoMs,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
        <div>{message}</div>
        <Button size="compact-sm" variant="default" onClick={undo}>
          Undo
        </Button>
      </Group>
    ),
  })
}
