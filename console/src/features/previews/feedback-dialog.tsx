import { Button, Stack, Textarea } from '@mantine/core'
import { type FeatureKey, useFeature } from '../../shell/evaluation'
import { useMembership } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { postFeedback } from './queries'

const mostCharacters = 2000

/** A few words about a feature in preview, for whoever runs the service. */
export function FeedbackDialog({ feature: key, onClose }: { feature: string; onClose: () => void }) {
  const { id: org } = useMembership()
  const { title = key } = useFeature(key as FeatureKey)
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { text: '' },
    validate: { text: (value) => (value.trim() ? null : 'Write a few words') },
    send: ({ text }) => postFeedback(org, key, text.trim()),
    onDone: () => {
      notify('Thank you for your feedback')
      onClose()
    },
  })
  return (
    <Dialog title={`Feedback on ${title}`} onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <Textarea
            label="What works for you, and what doesn’t?"
            description="Whoever runs this service reads it, with your name and your organization. Leave secrets out."
            autosize
            minRows={4}
            maxRows={10}
            maxLength={mostCharacters}
            data-autofocus
            {...form.getInputProps('text')}
          />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending} disabled={!form.isDirty()}>
            Send feedback
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
