import { Button, Group, Modal, type ModalProps } from '@mantine/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import classes from './dialog.module.css'
import { inPage } from './theme'

type Props = {
  title: string
  onClose: () => void
  children: ReactNode
  size?: ModalProps['size']
  /** Whether closing by Escape or the close button asks first once something was typed. */
  guarded?: boolean
}

/** Passwords and choices are quick to give again; text is not. */
const isTypedText = (target: EventTarget) =>
  target instanceof HTMLTextAreaElement ||
  (target instanceof HTMLInputElement && !['checkbox', 'radio', 'password'].includes(target.type))

/**
 * Focus goes in on opening and, on closing, back to what had it: for a menu's entry, to the menu's button. A stray
 * click outside closes nothing, and Escape asks before it loses what was typed.
 */
export function Dialog({ title, onClose, children, size = 'md', guarded = true }: Props) {
  useFocusReturn()
  const [typed, setTyped] = useState(false)
  const [asking, setAsking] = useState(false)
  const close = () => (guarded && typed ? setAsking(true) : onClose())
  return (
    <Modal.Root
      opened
      onClose={close}
      size={size}
      closeOnClickOutside={false}
      returnFocus={false}
      transitionProps={{ duration: 100 }}
    >
      <Modal.Overlay />
      <Modal.Content onInput={({ target }) => setTyped(typed || isTypedText(target))}>
        {/* Not Mantine's header element: outside of a section it would count as the page's banner. */}
        <div className={classes.head}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        {/* Room for the focus ring of what comes first, which the head would cover. */}
        <Modal.Body pt={4}>{children}</Modal.Body>
      </Modal.Content>
      {asking && <DiscardQuestion onDiscard={onClose} onKeep={() => setAsking(false)} />}
    </Modal.Root>
  )
}

/** Mounted only while it asks: the Escape that opens it must not close it as well. */
function DiscardQuestion({ onDiscard, onKeep }: { onDiscard: () => void; onKeep: () => void }) {
  return (
    <Modal
      opened
      onClose={onKeep}
      title="Discard what you entered?"
      size="sm"
      classNames={{ title: classes.title ?? '' }}
      closeButtonProps={{ 'aria-label': 'Close' }}
      transitionProps={{ duration: 100 }}
    >
      <DialogActions>
        <Button variant="default" onClick={onDiscard}>
          Discard
        </Button>
        <Button onClick={onKeep} data-autofocus>
          Keep editing
        </Button>
      </DialogActions>
    </Modal>
  )
}

/** What a field in a dialog opens reaches over the dialog's edges; its list scrolls by itself. */
export const pickerInDialog = {
  comboboxProps: { portalProps: inPage },
  withScrollArea: false,
  styles: { options: { maxHeight: 220, overflowY: 'auto' }, option: { overflowWrap: 'anywhere' } },
} as const

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

/** What has the focus in a dialog that is open already, if it does. */
function focusInDialog() {
  const { activeElement } = document
  return activeElement instanceof HTMLElement && activeElement.closest('[role=dialog]') ? activeElement : undefined
}

/** Gives the focus back when what calls this closes, unless another dialog has it by then. */
export function useFocusReturn() {
  const before = useRef([focusInDialog(), lastFocusOutside])
  useEffect(() => {
    const [inDialog, outside] = before.current
    const giveBack = () => {
      if (inDialog?.isConnected) return inDialog.focus({ preventScroll: true })
      // While another dialog is open, the focus is its own.
      if (!document.querySelector('[role=dialog]')) outside?.focus({ preventScroll: true })
    }
    return () => void setTimeout(giveBack, 0)
  }, [])
}
