import { Button, NativeSelect, Stack } from '@mantine/core'
import { useState } from 'react'
import { ask, Problem } from '../../api'
import { createInvitations } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { EmailsInput, looksLikeEmail } from '../../ui/emails-input'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { GroupPicker } from '../groups/group-picker'
import { InvitationMails } from './invitation-dialogs'
import { InvitationLinks } from './invitation-links'
import type { Invitation, Member } from './queries'
import { roleChoices } from './words'

function checkEmails(emails: string[]) {
  if (emails.length === 0) return 'Enter at least one email address'
  const bad = emails.filter((email) => !looksLikeEmail(email))
  return bad.length > 0 ? `Not an email address: ${bad.join(', ')}` : null
}

/** What the server said of single addresses: `emails.2` is the third. */
function faultsByPlace(fault: Error | null): Record<number, string> {
  const errors = fault instanceof Problem ? fault.errors : []
  return Object.fromEntries(
    errors.flatMap(({ path, message }) => {
      const place = /^\/?emails[./[](\d+)/.exec(path)?.[1]
      return place === undefined ? [] : [[Number(place), message]]
    }),
  )
}

export function AddMembersDialog({ onClose }: { onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const [links, setLinks] = useState<Invitation[]>()
  const [mails, setMails] = useState<Invitation[]>()
  const { form, pending, failure, fault, clearFailure, onSubmit } = useServerForm({
    initialValues: { emails: [] as string[], role: 'member' as Member['role'], groupIds: [] as string[] },
    validate: { emails: checkEmails },
    send: ({ emails, role, groupIds }) => ask(createInvitations({ path: { org }, body: { emails, role, groupIds } })),
    onDone: ({ invitations }) => {
      void refresh('members', 'groups')
      if (invitations.some(({ acceptUrl }) => acceptUrl)) return setLinks(invitations)
      if (invitations.some(({ mail }) => mail?.state !== 'sent')) return setMails(invitations)
      notify(invitations.length === 1 ? 'Invitation sent' : `${invitations.length} invitations sent`)
      onClose()
    },
  })
  if (links) return <InvitationLinks invitations={links} onClose={onClose} />
  if (mails) return <InvitationMails invitations={mails} onClose={onClose} />

  const byPlace = faultsByPlace(fault)
  const named = Object.entries(byPlace).map(([place, message]) => `${form.values.emails[Number(place)]}: ${message}`)
  const error = named.length > 0 ? named.join(' ') : (form.errors.emails as string | undefined)
  return (
    <Dialog title="Add members" size="lg" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <EmailsInput
            label="Email addresses"
            description="Several at once: separate them with a comma or Enter, or paste a list."
            value={form.values.emails}
            onChange={(emails) => {
              form.setFieldValue('emails', emails)
              clearFailure()
            }}
            faults={byPlace}
            error={error}
          />
          <NativeSelect label="Role" data={roleChoices} {...form.getInputProps('role')} />
          <GroupPicker
            org={org}
            label="Groups"
            description="They can be in groups before they join."
            value={form.values.groupIds}
            onChange={(ids) => form.setFieldValue('groupIds', ids)}
            error={form.errors.groupIds as string | undefined}
          />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending}>
            Add members
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
