import { Anchor, Checkbox } from '@mantine/core'
import { useState } from 'react'
import { useFeatures } from '../../shell/evaluation'
import { formatDay } from '../../ui/day'
import { Empty } from '../../ui/empty'
import { Notice } from '../../ui/notice'
import { RelativeTime } from '../../ui/relative-time'
import { tick, untick } from './choice'
import classes from './previews.module.css'
import type { PreviewFeature } from './queries'
import { alongSentence, listed } from './words'

type Props = { features: PreviewFeature[]; chosen: string[]; onChange: (chosen: string[]) => void }

/** The list, each with a checkbox; what a tick takes along is told where it was made (F4). */
export function PreviewChoices({ features, chosen, onChange }: Props) {
  const [told, setTold] = useState<{ key: string; sentence: string }>()
  const evaluated = useFeatures()
  const names = (keys: readonly string[]) =>
    keys.map((key) => features.find((it) => it.key === key)?.name ?? evaluated(key).title ?? key)
  const isListed = (key: string) => features.some((it) => it.key === key)

  const toggle = ({ key, name }: PreviewFeature, ticked: boolean) => {
    const change = ticked ? tick(features, chosen, key) : untick(features, chosen, key)
    onChange(change.chosen)
    setTold(change.along.length > 0 ? { key, sentence: alongSentence(name, names(change.along), ticked) } : undefined)
  }
  return (
    <ul className={classes.features} aria-label="Preview features">
      {features.map((feature, index) => {
        const { key, requires } = feature
        // What isn't listed can't be ticked along: it is on without a choice, or isn't to be had.
        const lacking = requires.filter((one) => !isListed(one) && !evaluated(one).on)
        const ticked = chosen.includes(key)
        return (
          <li key={key} className={classes.feature}>
            <Checkbox
              label={feature.name}
              description={feature.description}
              checked={ticked}
              disabled={lacking.length > 0 && !ticked}
              autoFocus={index === 0}
              data-autofocus={index === 0 || undefined}
              classNames={{ label: classes.name, description: classes.description }}
              onChange={(event) => toggle(feature, event.currentTarget.checked)}
            />
            <div className={classes.about}>
              <About feature={feature} needs={names(requires)} />
              {lacking.length > 0 && (
                <Notice tone="wait">Needs {listed(names(lacking))}, which your organization doesn’t have.</Notice>
              )}
              <div role="status">{told && told.key === key && <Notice tone="lead">{told.sentence}</Notice>}</div>
            </div>
          </li>
        )
      })}
    </ul>
  )
}

/** What else is known, in one line. */
function About({ feature, needs }: { feature: PreviewFeature; needs: string[] }) {
  const { name, stage, documentationUrl, since, plannedEnd, enabled, enabledAt, enabledBy } = feature
  return (
    <div className={classes.facts}>
      {stage === 'private_preview' && <span>Offered to chosen organizations</span>}
      {since && <span>Since {formatDay(since)}</span>}
      {plannedEnd && <span>Planned end {formatDay(plannedEnd)}</span>}
      {needs.length > 0 && <span>Needs {listed(needs)}</span>}
      {enabled && enabledAt && (
        <span>
          Turned on <RelativeTime iso={enabledAt} none="" />
          {enabledBy && (
            <>
              {' '}
              by <bdi>{enabledBy.name}</bdi>
            </>
          )}
        </span>
      )}
      {documentationUrl && (
        <span>
          <Anchor
            href={documentationUrl}
            target="_blank"
            rel="noreferrer"
            inherit
            aria-label={`Learn more about ${name}`}
          >
            Learn more
          </Anchor>
        </span>
      )}
    </div>
  )
}

export function NothingListed() {
  return (
    <Empty title="Nothing is in preview at the moment">
      When there is something to try before it is finished, you find it here.
    </Empty>
  )
}
