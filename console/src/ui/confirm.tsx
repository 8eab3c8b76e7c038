import { Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Dialog, DialogActions } from './dialog'
import { Failure } from './notice'

type Props = {
  title: string
  children: ReactNode
  action: string
  danger?: boolean
  onConfirm: () => Promise<unknown>
  onClose: () => void
}

/** Asks once, names what is lost, and stays open with the reason when it fails. */
export function Confirm({ title, children, action, danger = true, onConfirm, onClose }: Props) {
  const { mutate, isPending, error } = useMutation({ mutationFn: onConfirm })
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack gap="sm">
        <Text component="div">{children}</Text>
        <Failure error={error} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button {...(danger && { color: 'red' })} loading={isPending} onClick={() => mutate()}>
          {action}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
