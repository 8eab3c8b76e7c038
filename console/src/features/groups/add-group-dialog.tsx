import { Button, Checkbox, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../../api'
import { createGroup, putGroupMember } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { useStepFocus } from '../../ui/use-step-focus'
import { type Account, AccountPicker } from '../members/account-picker'
import { checkGroupName, GroupFields } from './group-fields'

const titles = ['Add group', 'Add group: members', 'Add group: managers']

/** Name, then members, then who manages. Nothing is created before the end. */
export function AddGroupDialog({ onClose }: { onClose: () => void }) {
  const { id: org, slug } = useMembership()
  const [step, setStep] = useState(0)
  const refresh = useRefresh()
  const navigate = useNavigate()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name: '', description: '', members: [] as Account[], managers: [] as string[] },
    validate: { name: checkGroupName },
    send: async ({ name, description, members, managers }) => {
      const body = { name: name.trim(), description: description.trim() }
      const group = await ask(createGroup({ path: { org }, body })).catch((error) => {
        setStep(0)
        throw error
      })
      for (const { id: accountId } of members) {
        const role = managers.includes(accountId) ? 'manager' : 'member'
        await ask(putGroupMember({ path: { org, id: group.id, accountId }, body: { role } }))
      }
      return group
    },
    onDone: ({ id }) => {
      notify('Group added')
      void refresh('groups', 'members', 'service-accounts')
      void navigate({ ...paths.group(slug, id), replace: true })
    },
  })
  const fields = useStepFocus(step)
  const { members, managers } = form.values
  const last = step === 2 || (step === 1 && members.length === 0)
  const forward = () => !form.validateField('name').hasError && setStep(step + 1)
  return (
    <Dialog title={titles[step]!} onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          if (last) return onSubmit(event)
          event.preventDefault()
          forward()
        }}
      >
        <Stack gap="md" ref={fields}>
          <Text size="sm" c="dimmed">
            Step {step + 1} of {members.length > 0 ? 3 : 2}
          </Text>
          {step === 0 && <GroupFields form={form} />}
          {step === 1 && (
            <AccountPicker
              org={org}
              label="Members"
              value={members}
              onChange={(accounts) => form.setFieldValue('members', accounts)}
            />
          )}
          {step === 2 && (
            <Checkbox.Group
              label="Who manages the group"
              description="A manager adds and removes members of this group."
              {...form.getInputProps('managers')}
            >
              <Stack gap="xs" mt="sm">
                {members.map(({ id, name, detail }, index) => (
                  <Checkbox
                    key={id}
                    value={id}
                    label={<bdi>{name}</bdi>}
                    description={detail}
                    {...(index === 0 && { 'data-autofocus': true })}
                  />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          {step === 2 && managers.length === 0 && (
            <Text c="dimmed" size="sm">
              Without a manager, admins manage it.
            </Text>
          )}
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={step === 0 ? onClose : () => setStep(step - 1)}>
            {step === 0 ? 'Cancel' : 'Back'}
          </Button>
          <Button key={String(last)} type="submit" loading={pending}>
            {last ? 'Add group' : 'Next'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
