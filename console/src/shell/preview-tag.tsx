import { Anchor, Button, Group, Popover, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { formatDay } from '../ui/day'
import { Tag, TagButton } from '../ui/tag'
import { inPage } from '../ui/theme'
import { useDialog } from '../ui/use-dialog'
import { type Feature, type FeatureKey, useFeature } from './evaluation'

// Escape closes the card alone, not the palette that it lies over.
const escapeStaysHere = { 'data-mantine-stop-propagation': true }

type Props = {
  feature: FeatureKey
  /** Within a link, a tab or an option, which may hold no control of its own: the tag is only read there. */
  plain?: boolean
  onFeedback?: () => void
}

/**
 * Marks what is in preview, wherever it shows (F5). Whether, and what it says, comes from the evaluation alone: a
 * feature that has become general, or is off, has no tag.
 */
export function PreviewTag({ feature: key, plain = false, onFeedback }: Props) {
  const feature = useFeature(key)
  const [opened, setOpened] = useState(false)
  const { open } = useDialog()
  if (!feature.on || !feature.badge) return null
  if (plain) return <Tag tone="lead">{feature.badge}</Tag>
  const giveFeedback = () => {
    setOpened(false)
    onFeedback?.()
    void open('feedback', key)
  }
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      width="min(330px, calc(100vw - 32px))"
      position="bottom-start"
      shadow="md"
      trapFocus
      returnFocus
      transitionProps={{ duration: 80 }}
      portalProps={inPage}
    >
      <Popover.Target>
        <TagButton
          tone="lead"
          {...(opened && escapeStaysHere)}
          aria-label={`${feature.badge}: about ${feature.title ?? key}`}
          onClick={() => setOpened((now) => !now)}
        >
          {feature.badge}
        </TagButton>
      </Popover.Target>
      <Popover.Dropdown {...escapeStaysHere}>
        <Card feature={feature} onFeedback={giveFeedback} />
      </Popover.Dropdown>
    </Popover>
  )
}

function Card({ feature, onFeedback }: { feature: Feature; onFeedback: () => void }) {
  const { title, since, plannedEnd, docsUrl, feedbackUrl } = feature
  const days = [
    ...(since ? [`In preview since ${formatDay(since)}.`] : []),
    ...(plannedEnd ? [`The preview is planned to end on ${formatDay(plannedEnd)}.`] : []),
  ]
  return (
    <Stack gap="xs">
      <Text fw={650}>{title} is in preview</Text>
      <Text>
        An admin turned it on for everybody in this organization. It may change, and its stability and performance
        aren’t guaranteed. Tell us what works for you and what doesn’t.
      </Text>
      {days.length > 0 && <Text c="dimmed">{days.join(' ')}</Text>}
      <Group gap="sm" mt={4}>
        {feedbackUrl ? (
          <Button component="a" href={feedbackUrl} target="_blank" rel="noreferrer" size="xs" {...escapeStaysHere}>
            Send feedback
          </Button>
        ) : (
          <Button size="xs" onClick={onFeedback} {...escapeStaysHere}>
            Send feedback
          </Button>
        )}
        {docsUrl && (
          <Anchor href={docsUrl} target="_blank" rel="noreferrer" {...escapeStaysHere}>
            Learn more
          </Anchor>
        )}
      </Group>
    </Stack>
  )
}
