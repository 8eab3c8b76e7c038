import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useDialog } from '../../ui/use-dialog'

export function ManageMenu() {
  const { open } = useDialog()
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={16} />} style={{ flex: 'none' }}>
          Manage
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => open('organization-settings')}>Update organization settings</Menu.Item>
        <Menu.Item onClick={() => open('rename-organization')}>Rename organization</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
