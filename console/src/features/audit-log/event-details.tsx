import { Button, Group } from '@mantine/core'
import { useMembership } from '../../shell/session'
import { ButtonLink } from '../../ui/links'
import { NameList } from '../../ui/name'
import classes from './audit-log.module.css'
import { pageOf } from './page-of'
import type { AuditEvent } from './queries'
import { type RecordedLine, toChangedLines } from './recorded-values'
import { whatOf, whoOf } from './words'

type Props = { event: AuditEvent; onNarrow: (filter: { actorId?: string; targetId?: string }) => void }

/** An event as a sentence; opened, what was before and after, side by side. */
export function EventDetails({ event, onNarrow }: Props) {
  const { slug } = useMembership()
  const { actor, target, before, after, userAgent, requestId, sequence } = event
  const page = pageOf(slug, event)
  const changed = toChangedLines(before, after)
  const sides = [
    { title: 'Before', lines: changed.before },
    { title: 'After', lines: changed.after },
  ].filter(({ lines }) => lines.length > 0)
  const facts: RecordedLine[] = [
    ['Event no.', [String(sequence)]],
    ['User agent', [userAgent ?? '']],
    ['Request ID', [requestId ?? '']],
  ]
  return (
    <details className={classes.event}>
      <summary className={classes.sentence}>
        <bdi>
          <b>{whoOf(event)}</b>
        </bdi>{' '}
        <bdi>{whatOf(event)}</bdi>
      </summary>
      <div className={classes.sides}>
        {sides.map(({ title, lines }) => (
          <section key={title} className={classes.side}>
            <div className={classes.title}>{title}</div>
            <Lines lines={lines} />
          </section>
        ))}
      </div>
      <Lines lines={facts.filter(([, [text]]) => text)} />
      <Group gap="xs" mt="xs">
        {page && (
          <ButtonLink {...page} size="compact-xs" variant="default">
            {target.kind === 'account_mapping' ? 'Open the account' : 'Open its page'}
          </ButtonLink>
        )}
        {actor.id && (
          <Button size="compact-xs" variant="default" onClick={() => onNarrow({ actorId: actor.id! })}>
            Only by this account
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={() => onNarrow({ targetId: target.id })}>
          Only about this
        </Button>
      </Group>
    </details>
  )
}

function Lines({ lines }: { lines: RecordedLine[] }) {
  return (
    <dl className={classes.lines}>
      {lines.map(([field, texts]) => (
        <div key={field} className={classes.line}>
          <dt>{field}</dt>
          <dd>
            <NameList names={texts} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
