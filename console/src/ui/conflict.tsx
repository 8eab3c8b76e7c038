import { Button, Stack, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './conflict.module.css'
import { DialogActions } from './dialog'
import { Notice } from './notice'

export type ConflictChoice = { saving: boolean; onUseTheirs: () => void; onSaveMine: () => void }

type Props = ConflictChoice & { title: string; what: ReactNode; theirs: ReactNode; mine: ReactNode }

/** Two admins at once (P10, F8): both choices side by side, and the person decides. */
export function Conflict({ title, what, theirs, mine, saving, onUseTheirs, onSaveMine }: Props) {
  const sides = [
    { name: 'Theirs', choice: theirs },
    { name: 'Yours', choice: mine },
  ]
  return (
    <>
      <Stack gap="md">
        <Notice tone="wait" role="alert" title={title}>
          {what}
        </Notice>
        <div className={classes.sides}>
          {sides.map(({ name, choice }) => (
            <section key={name} className={classes.side} aria-label={name}>
              <Title order={3}>{name}</Title>
              {choice}
            </section>
          ))}
        </div>
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onUseTheirs} disabled={saving} autoFocus>
          Use theirs
        </Button>
        <Button onClick={onSaveMine} loading={saving}>
          Save mine
        </Button>
      </DialogActions>
    </>
  )
}
