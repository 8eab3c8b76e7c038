import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

declare module '@tanstack/react-router' {
  interface HistoryState {
    openedHere?: boolean
  }
}

/** The open dialog is part of the address: reload keeps it, Back closes it, a link opens it. */
export function useDialog() {
  const { dialog, id } = useSearch({ strict: false })
  const navigate = useNavigate()
  const { history } = useRouter()

  const open = useCallback(
    (name: string, subject?: string) =>
      navigate({
        to: '.',
        search: (now) => ({ ...now, dialog: name, id: subject }),
        state: { openedHere: true },
        resetScroll: false,
      }),
    [navigate],
  )

  const close = useCallback(() => {
    if (history.location.state.openedHere) return history.back()
    void navigate({
      to: '.',
      search: (now) => ({ ...now, dialog: undefined, id: undefined }),
      replace: true,
      resetScroll: false,
    })
  }, [history, navigate])

  return { dialog, id, open, close }
}
