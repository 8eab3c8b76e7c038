import { Button, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { DialogActions } from '../../ui/dialog'
import { Notice } from '../../ui/notice'
import { RelativeTime } from '../../ui/relative-time'
import { allGroupsQuery } from '../groups/queries'
import type { Choice, Settings } from './queries'
import classes from './settings.module.css'
import { describeChoice } from './words'

type Props = {
  org: string
  theirs: Settings
  mine: Choice
  saving: boolean
  onUseTheirs: () => void
  onSaveMine: () => void
}

/** Two admins at once (P10): both choices, and the person decides. */
export function SettingsConflict({ org, theirs, mine, saving, onUseTheirs, onSaveMine }: Props) {
  const { data: groups } = useQuery(allGroupsQuery(org))
  const groupName = (id: string) => groups?.find((group) => group.id === id)?.name ?? 'A deleted group'
  const sides = [
    { title: 'Theirs', choice: theirs.apiTokens },
    { title: 'Yours', choice: mine },
  ]
  return (
    <>
      <Stack gap="md">
        <Notice tone="wait" role="alert" title="Someone else saved meanwhile">
          {theirs.updatedBy ? <bdi>{theirs.updatedBy.name}</bdi> : 'Another admin'} changed these settings{' '}
          <RelativeTime iso={theirs.updatedAt} none="" />. Yours aren’t saved yet.
        </Notice>
        <div className={classes.sides}>
          {sides.map(({ title, choice }) => (
            <section key={title} className={classes.side} aria-label={title}>
              <Title order={3}>{title}</Title>
              {describeChoice(choice, groupName).map((line) => (
                <Text key={line}>{line}</Text>
              ))}
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
