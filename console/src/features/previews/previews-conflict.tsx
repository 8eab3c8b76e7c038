import { Button, Stack, Text, Title } from '@mantine/core'
import { DialogActions } from '../../ui/dialog'
import { Notice } from '../../ui/notice'
import { chosenOf, sameKeys } from './choice'
import classes from './previews.module.css'
import type { Previews } from './queries'

type Props = {
  base: Previews
  theirs: Previews
  mine: string[]
  saving: boolean
  onUseTheirs: () => void
  onSaveMine: () => void
}

/** Two admins at once (F8): both choices, and the person decides. */
export function PreviewsConflict({ base, theirs, mine, saving, onUseTheirs, onSaveMine }: Props) {
  const sides = [
    { title: 'Theirs', keys: chosenOf(theirs) },
    { title: 'Yours', keys: mine },
  ]
  // The operator's catalogue moves the version too, whoever chose what.
  const chosenAlike = sameKeys(chosenOf(base), chosenOf(theirs))
  // Who unticked isn't kept; who ticked is.
  const who = theirs.features.find(({ key, enabled }) => enabled && !chosenOf(base).includes(key))?.enabledBy
  return (
    <>
      <Stack gap="md">
        <Notice
          tone="wait"
          role="alert"
          title={chosenAlike ? 'The list changed meanwhile' : 'Someone else saved meanwhile'}
        >
          {chosenAlike ? (
            'Whoever runs this service published other features.'
          ) : (
            <>{who ? <bdi>{who.name}</bdi> : 'Another admin'} changed which preview features are on.</>
          )}{' '}
          Your choice isn’t saved yet.
        </Notice>
        <div className={classes.sides}>
          {sides.map(({ title, keys }) => (
            <section key={title} className={classes.side} aria-label={title}>
              <Title order={3}>{title}</Title>
              {theirs.features
                .filter(({ key }) => keys.includes(key))
                .map(({ key, name }) => (
                  <Text key={key}>{name}</Text>
                ))}
              {keys.length === 0 && <Text c="dimmed">Nothing is selected</Text>}
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
