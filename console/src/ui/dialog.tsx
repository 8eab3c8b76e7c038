import { Group, Modal, type ModalProps } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'

type Props = {
  title: string
  onClose: () => void
  children: ReactNode
  size?: ModalProps['size']
  /** A dialog whose content would be lost asks before a stray click outside closes it. */
  closeOnClickOutside?: boolean
}

/** Focus goes in on opening and, on closing, back to what had it: for a menu's entry, to the menu's button. */
export function Dialog({ title, onClose, children, size = 'md', closeOnClickOutside = false }: Props) {
  useFocusReturn()
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      closeOnClickOutside={closeOnClickOutside}
      returnFocus={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
      transitionProps={{ duration: 100 }}
      styles={{ title: { fontWeight: 650, fontSize: 'var(--mantine-font-size-lg)' } }}
    >
      {children}
    </Modal>
  )
}

export function DialogActions({ children }: { children: ReactNode }) {
  return (
    <Group justify="flex-end" mt="lg" gap="sm">
      {children}
    </Group>
  )
}

let lastFocusOutside: HTMLElement | undefined

document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof HTMLElement) || target.closest('[role=dialog]')) return
  const menu = target.closest('[role=menu]')
  lastFocusOutside = menu ? (document.querySelector<HTMLElement>(`[aria-controls="${menu.id}"]`) ?? undefined) : target
})

function useFocusReturn() {
  const before = useRef(lastFocusOutside)
  useEffect(() => {
    const target = before.current
    return () => void setTimeout(() => target?.isConnected && target.focus({ preventScroll: true }), 0)
  }, [])
}
