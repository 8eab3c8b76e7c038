import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'

export type RowAction = {
  label: string
  onClick: () => void
  danger?: boolean
  /** Disabled with a reason rather than hidden. */
  reason?: string | undefined
}

export function RowMenu({ label, actions }: { label: string; actions: RowAction[] }) {
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(({ label, onClick, danger, reason }) => (
          <Tooltip key={label} label={reason} disabled={!reason} multiline maw={280}>
            <Menu.Item
              onClick={reason ? undefined : onClick}
              closeMenuOnClick={!reason}
              aria-disabled={reason ? true : undefined}
              aria-description={reason}
              {...(reason && { c: 'dimmed' })}
              {...(danger && !reason && { c: 'var(--mantine-color-error)' })}
            >
              {label}
            </Menu.Item>
          </Tooltip>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
