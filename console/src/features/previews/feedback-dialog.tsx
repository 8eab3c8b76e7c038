import { Textarea } from '@mantine/core'
import { type FeatureKey, useFeature } from '../../shell/evaluation'
import { useMembership } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { postFeedback } from './queries'

const mostCharacters = 2000

/** A few words about a feature in preview, for whoever runs the service. */
export function FeedbackDialog({ feature: key, onClose }: { feature: string; onClose: () => void }) {
  const { id: org } = useMembership()
  const { title = key } = useFeature(key as FeatureKey)
  const server = useServerForm({
    initialValues: { text: '' },
    validate: { text: (value) => (value.trim() ? null : 'Write a few words') },
    send: ({ text }) => postFeedback(org, key, text.trim()),
    onDone: () => {
      notify('Thank you for your feedback')
      onClose()
    },
  })
  const { form } = server
  return (
    <FormDialog title={`Feedback on ${title}`} action="Send feedback" server={server} onClose={onClose}>
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
    </FormDialog>
  )
}
