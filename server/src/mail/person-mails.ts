import type { Database } from '../db/change.ts'
import type { People, Person } from '../db/people.ts'
import type { Instance, World } from '../kernel/deps.ts'
import { resetLetter, securityLetter } from './letters.ts'
import type { ComposeMail, MailQueue } from './queue.ts'
import type { MailKind } from './rules.ts'
import { enqueueMail } from './store.ts'

/** What a security notice says, by the audit action that it accompanies. */
export const securityChanges = {
  'password.changed': 'Your password was changed.',
  'password.reset': 'Your password was reset with a link, and all sessions were ended.',
  'second_factor.enabled': 'Two-step verification was turned on.',
  'second_factor.disabled': 'Two-step verification was turned off.',
} as const
export type SecurityChange = keyof typeof securityChanges

interface Queueing {
  db: Database
  world: Pick<World, 'now' | 'newId'>
  mailQueue: Pick<MailQueue, 'deliverMails'>
}

/** Queues a mail to a person, and waits for its first attempt. */
export async function mailPerson(
  { db, world, mailQueue }: Queueing,
  person: Person,
  { kind, details = {} }: { kind: MailKind; details?: Record<string, string> },
): Promise<void> {
  const id = world.newId('eml')
  const at = world.now()
  await enqueueMail(db, { id, kind, organizationId: null, subjectId: person.id, recipient: person.email, details, at })
  await mailQueue.deliverMails([id])
}

interface Parts {
  people: People
  instance: Instance
  /** Makes a link to a new password for one attempt of a mail, and voids the one of the attempt before. */
  openResetLink: (person: Person, mailId: string) => Promise<string>
}

export const createPersonComposers = ({ people, instance, openResetLink }: Parts) => ({
  password_reset: (async (mail) => {
    const person = await people.byId(mail.subjectId)
    if (person?.email !== mail.recipient) return undefined
    return { to: person.email, ...resetLetter(instance, person.name, await openResetLink(person, mail.id)) }
  }) satisfies ComposeMail,

  security_notice: (async ({ subjectId, recipient, details }) => {
    const person = await people.byId(subjectId)
    const text = Object.entries(securityChanges).find(([change]) => change === details.change)?.[1]
    return person && text ? { to: recipient, ...securityLetter(instance, person.name, text) } : undefined
  }) satisfies ComposeMail,
})
