import { Text } from '@mantine/core'
import { Conflict, type ConflictChoice } from '../../ui/conflict'
import { chosenOf, sameKeys } from './choice'
import type { Previews } from './queries'

type Props = ConflictChoice & { base: Previews; theirs: Previews; mine: string[] }

/** F8: what the others chose meanwhile, or that the list itself is another. */
export function PreviewsConflict({ base, theirs, mine, ...choice }: Props) {
  // The operator's catalogue moves the version too, whoever chose what.
  const chosenAlike = sameKeys(chosenOf(base), chosenOf(theirs))
  // Who unticked isn't kept; who ticked is.
  const who = theirs.features.find(({ key, enabled }) => enabled && !chosenOf(base).includes(key))?.enabledBy
  return (
    <Conflict
      {...choice}
      title={chosenAlike ? 'The list changed meanwhile' : 'Someone else saved meanwhile'}
      what={
        <>
          {chosenAlike ? (
            'Whoever runs this service published other features.'
          ) : (
            <>{who ? <bdi>{who.name}</bdi> : 'Another admin'} changed which preview features are on.</>
          )}{' '}
          Your choice isn’t saved yet.
        </>
      }
      theirs={<Names of={theirs} keys={chosenOf(theirs)} />}
      mine={<Names of={theirs} keys={mine} />}
    />
  )
}

function Names({ of: { features }, keys }: { of: Previews; keys: string[] }) {
  if (keys.length === 0) return <Text c="dimmed">Nothing is selected</Text>
  return features.filter(({ key }) => keys.includes(key)).map(({ key, name }) => <Text key={key}>{name}</Text>)
}
