import { notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'

/** A success is confirmed once, quietly. */
export function notify(message: ReactNode, options: { id?: string; autoClose?: number } = {}) {
  notifications.show({
    message,
    autoClose: 5000,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Dismiss' },
    ...options,
  })
}

export const hideNotification = (id: string) => notifications.hide(id)

/** For an action that has no form or dialog to show its failure in. */
export function notifyFailure(error: Error) {
  notifications.show({
    message: error.message,
    color: 'red',
    autoClose: 10_000,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Dismiss' },
  })
}
