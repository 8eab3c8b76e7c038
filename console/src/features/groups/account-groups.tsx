import { Button, Group as Line, Paper, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ask } from '../../api'
import { deleteGroupMember } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { notify, notifyFailure } from '../../ui/notify'
import { Section } from '../../ui/page'
import { useDialog } from '../../ui/use-dialog'
import type { GroupedAccount } from './add-to-group-dialog'
import { groupRoles } from './words'

/** The groups of one account, on its page. */
export function AccountGroups({ account }: { account: GroupedAccount }) {
  const { id: org, slug } = useMembership()
  const refresh = useRefresh()
  const { open } = useDialog()
  const leave = useMutation({
    mutationFn: (id: string) => ask(deleteGroupMember({ path: { org, id, accountId: account.id } })),
    onError: notifyFailure,
    onSuccess: () => {
      notify('Removed from the group')
      void refresh('members', 'groups', 'service-accounts')
    },
  })
  const add = (
    <Button variant="default" onClick={() => open('add-to-group', account.id)}>
      Add to group
    </Button>
  )
  return (
    <Section title="Groups" order={3} actions={add}>
      {account.groups.length === 0 && <Text c="dimmed">In no group.</Text>}
      {account.groups.map(({ id, name, role }) => (
        <Paper key={id} withBorder px="md" py={6}>
          <Line justify="space-between" gap="sm">
            <TextLink {...paths.group(slug, id)}>
              <bdi>{name}</bdi>
            </TextLink>
            <Line gap="sm">
              <Text c="dimmed">{groupRoles[role]}</Text>
              <Button
                variant="subtle"
                color="red"
                size="xs"
                aria-label={`Remove from ${name}`}
                loading={leave.isPending && leave.variables === id}
                onClick={() => leave.mutate(id)}
              >
                Remove
              </Button>
            </Line>
          </Line>
        </Paper>
      ))}
    </Section>
  )
}
