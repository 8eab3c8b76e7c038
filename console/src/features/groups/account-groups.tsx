import { Button, Group as Line, Paper, Text } from '@mantine/core'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { Section } from '../../ui/page'
import { useDialog } from '../../ui/use-dialog'
import type { GroupedAccount } from './add-to-group-dialog'
import { RemoveFromGroupDialog } from './remove-from-group-dialog'
import { groupRoles } from './words'

/** The groups of one account, on its page. */
export function AccountGroups({ account }: { account: GroupedAccount }) {
  const { slug } = useMembership()
  const { dialog, id: subject, open, close } = useDialog()
  const leaving = dialog === 'remove-from-group' ? account.groups.find(({ id }) => id === subject) : undefined
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
                onClick={() => open('remove-from-group', id)}
              >
                Remove
              </Button>
            </Line>
          </Line>
        </Paper>
      ))}
      {leaving && <RemoveFromGroupDialog group={leaving} account={account} role={leaving.role} onClose={close} />}
    </Section>
  )
}
