import { Radio, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api'
import { changeMemberRole } from '../../client/sdk.gen'
import { meQuery, useMembership, useRefresh } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import type { Member } from './queries'
import { displayName } from './words'

export function ChangeRoleDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { id: org, accountId } = useMembership()
  const refresh = useRefresh()
  const queryClient = useQueryClient()
  const server = useServerForm({
    initialValues: { role: member.role },
    send: ({ role }) => ask(changeMemberRole({ path: { org, id: member.id }, body: { role } })),
    onDone: () => {
      notify('Role changed')
      onClose()
      void refresh('members')
      if (member.id === accountId) void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
    },
  })
  const { form } = server
  return (
    <FormDialog title="Change role" action="Change role" server={server} onClose={onClose}>
      <Radio.Group label={displayName(member)} {...form.getInputProps('role')}>
        <Stack gap="sm" mt="xs">
          <Radio
            value="member"
            label="Member"
            description="Uses the API and creates tokens, if the settings allow it."
          />
          <Radio
            value="admin"
            label="Admin"
            description="Also manages members, groups, service accounts and the settings."
          />
        </Stack>
      </Radio.Group>
    </FormDialog>
  )
}
