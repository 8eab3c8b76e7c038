import { Button, Stack } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { Dialog, DialogActions } from './dialog'
import { Failure } from './notice'

type Props = {
  title: string
  /** What the button says. */
  action?: string
  size?: 'lg'
  /** What `useServerForm` gives. */
  server: {
    form: { isDirty: () => boolean }
    pending: boolean
    failure: Error | null
    onSubmit: (event?: FormEvent<HTMLFormElement>) => void
  }
  onClose: () => void
  children: ReactNode
}

/** A dialog that changes something: fields, what went wrong, and a button that waits until something differs. */
export function FormDialog({ title, action = 'Save changes', size, server, onClose, children }: Props) {
  const { form, pending, failure, onSubmit } = server
  return (
    <Dialog title={title} onClose={onClose} {...(size && { size })}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {children}
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending} disabled={!form.isDirty()}>
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
