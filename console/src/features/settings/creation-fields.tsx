import { Checkbox, Radio, Stack } from '@mantine/core'
import { Notice } from '../../ui/notice'
import { GroupPicker } from '../groups/group-picker'
import type { Draft } from './choice'
import classes from './settings.module.css'

type Props = { org: string; draft: Draft; onChange: (draft: Draft) => void }

/** Who can create API tokens: no members, some, or all. */
export function CreationFields({ org, draft, onChange }: Props) {
  const { allowed, audience, groupIds, suspendOutsideGroups } = draft
  return (
    <Stack gap="md">
      <Checkbox
        label="Allow members to create API tokens"
        description="When this is off, all tokens of the organization lose access. They aren’t revoked: turning it on again restores them."
        checked={allowed}
        autoFocus
        data-autofocus
        onChange={(event) => onChange({ ...draft, allowed: event.currentTarget.checked })}
      />
      {allowed && (
        <div className={classes.nested}>
          <Radio.Group
            label="Who can create API tokens"
            value={audience}
            onChange={(value) => onChange({ ...draft, audience: value as Draft['audience'] })}
          >
            <Stack gap="xs" mt="xs">
              <Radio value="all" label="All members" />
              <Radio value="groups" label="Selected groups" />
            </Stack>
          </Radio.Group>
          {audience === 'groups' && (
            <Stack gap="md" className={classes.nested} mt="sm">
              <GroupPicker
                org={org}
                label="Groups"
                description="Accounts in none of these groups can’t create tokens, admins and service accounts included."
                value={groupIds}
                onChange={(ids) => onChange({ ...draft, groupIds: ids })}
              />
              {groupIds.length === 0 && (
                <Notice tone="wait">While no group is selected, nobody can create API tokens.</Notice>
              )}
              <Checkbox
                label="Also suspend existing tokens of accounts outside the selected groups"
                checked={suspendOutsideGroups}
                onChange={(event) => onChange({ ...draft, suspendOutsideGroups: event.currentTarget.checked })}
              />
            </Stack>
          )}
        </div>
      )}
    </Stack>
  )
}
