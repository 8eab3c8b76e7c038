import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Conflict, type ConflictChoice } from '../../ui/conflict'
import { RelativeTime } from '../../ui/relative-time'
import { allGroupsQuery } from '../groups/queries'
import type { Choice, Settings } from './queries'
import { describeChoice } from './words'

type Props = ConflictChoice & { org: string; theirs: Settings; mine: Choice }

/** P10: what somebody else saved meanwhile. */
export function SettingsConflict({ org, theirs, mine, ...choice }: Props) {
  const { data: groups } = useQuery(allGroupsQuery(org))
  const groupName = (id: string) => groups?.find((group) => group.id === id)?.name ?? 'A deleted group'
  const linesOf = (it: Choice) => describeChoice(it, groupName).map((line) => <Text key={line}>{line}</Text>)
  return (
    <Conflict
      {...choice}
      title="Someone else saved meanwhile"
      what={
        <>
          {theirs.updatedBy ? <bdi>{theirs.updatedBy.name}</bdi> : 'Another admin'} changed these settings{' '}
          <RelativeTime iso={theirs.updatedAt} none="" />. Yours aren’t saved yet.
        </>
      }
      theirs={linesOf(theirs.apiTokens)}
      mine={linesOf(mine)}
    />
  )
}
