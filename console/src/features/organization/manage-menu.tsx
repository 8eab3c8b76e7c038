import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { manageDeeds } from '../../shell/navigation'
import { useMembership } from '../../shell/session'
import { useDialog } from '../../ui/use-dialog'

export function ManageMenu() {
  const { slug } = useMembership()
  const { open } = useDialog()
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={16} />} style={{ flex: 'none' }}>
          Manage
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {manageDeeds(slug).map(({ label, dialog }) => (
          <Menu.Item key={dialog} onClick={() => open(dialog)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
