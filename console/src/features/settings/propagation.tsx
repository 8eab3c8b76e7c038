import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { RelativeTime } from '../../ui/relative-time'
import impactClasses from '../impact/impact.module.css'
import { type Propagation, propagationQuery } from './queries'
import classes from './settings.module.css'
import { effectText, standingOf } from './words'

type Peer = Propagation['confirmed'][number]

function Standing({ peer, version }: { peer: Peer; version: number }) {
  if (peer.silentSince === undefined) return standingOf(peer, version)
  return (
    <>
      Last seen <RelativeTime iso={peer.silentSince} none="" />, state unknown
    </>
  )
}

/** P11: proof that the last save took effect, process by process. */
export function PropagationDetails({ org }: { org: string }) {
  const { data } = useQuery(propagationQuery(org))
  if (!data) return null
  const { version, confirmed } = data
  const silent = confirmed.filter((it) => it.silentSince !== undefined).length
  return (
    <details className={classes.propagation}>
      <summary>
        Saved settings: {effectText(data)}
        {silent > 0 && `, ${silent.toLocaleString()} silent`}
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ul className={impactClasses.examples} tabIndex={0} aria-label="Servers and verifiers">
        {confirmed.map((it) => (
          <li key={it.name} className={impactClasses.example}>
            <span>
              <bdi>{it.name}</bdi>{' '}
              <Text span c="dimmed">
                {it.kind}
              </Text>
            </span>
            <Text span c="dimmed">
              <Standing peer={it} version={version} />
            </Text>
          </li>
        ))}
      </ul>
    </details>
  )
}
