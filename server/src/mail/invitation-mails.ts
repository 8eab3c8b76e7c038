import type { Database, Writer } from '../db/change.ts'
import type { Deps } from '../db/deps.ts'
import { invitationMail } from '../features/invitations/rules.ts'
import type { Instance, Outbox, World } from '../kernel/deps.ts'
import { linkHash, newLinkSecret } from '../kernel/secrets.ts'
import type { ComposeMail } from './queue.ts'
import { createMailStore, enqueueMails, findMailStatuses, type MailStatus } from './store.ts'

export const toInvitationUrl = ({ publicUrl }: Instance, secret: string): string => `${publicUrl}/invitations/${secret}`

/** Queues the mails of invitations where mail is configured; answers their ids. The link of each is made when it leaves. */
export async function enqueueInvitationMails(
  tx: Writer,
  deps: Pick<World, 'now' | 'newId'> & { outbox: Outbox },
  {
    invitations,
    requestedBy,
  }: {
    invitations: readonly { id: string; email: string }[]
    requestedBy: { organizationId: string; accountId: string }
  },
): Promise<string[]> {
  if (!deps.outbox.configured) return []
  const mails = invitations.map(({ id, email }) => ({
    id: deps.newId('eml'),
    kind: 'invitation' as const,
    organizationId: requestedBy.organizationId,
    subjectId: id,
    recipient: email,
    requestedBy: requestedBy.accountId,
    at: deps.now(),
  }))
  await enqueueMails(tx, mails)
  return mails.map((mail) => mail.id)
}

/** Waits for the mails for a moment, and adds their states; where no mail is configured, the inviter gets the links. */
export async function presentInvitations<T extends { id: string; secret: string }>(
  deps: Pick<Deps, 'outbox' | 'mailQueue' | 'read' | 'instance'>,
  organizationId: string,
  { invitations, mailIds }: { invitations: readonly T[]; mailIds: readonly string[] },
): Promise<(Omit<T, 'secret'> & { acceptUrl?: string; mail?: MailStatus | null })[]> {
  if (!deps.outbox.configured) {
    return invitations.map(({ secret, ...shown }) => ({ ...shown, acceptUrl: toInvitationUrl(deps.instance, secret) }))
  }
  await deps.mailQueue.deliverMails(mailIds)
  const ids = invitations.map(({ id }) => id)
  const statuses = await deps.read(organizationId, (db) => findMailStatuses(db, 'invitation', ids))
  return invitations.map(({ secret: _, ...shown }) => ({ ...shown, mail: statuses.get(shown.id) ?? null }))
}

interface Parts extends Pick<World, 'now' | 'randomBytes'> {
  db: Database
  instance: Instance
}

/** O3: each attempt gives the invitation a new secret, committed before the mail leaves, and voids the one before. */
export function composeInvitationMail({ db, instance, now, randomBytes }: Parts): ComposeMail {
  const store = createMailStore(db)
  return async (mail) => {
    const secret = newLinkSecret(randomBytes)
    const content = await store.prepareInvitationMail(mail, linkHash(secret), now())
    if (!content) return undefined
    const { email: to, ...rest } = content
    return invitationMail({ ...rest, to, productName: instance.productName, url: toInvitationUrl(instance, secret) })
  }
}
