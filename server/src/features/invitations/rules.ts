import type { Mail } from '../../kernel/deps.ts'
import { letter, subjectOf } from '../../kernel/letter.ts'

export interface InvitationLetter {
  to: string
  organization: string
  /** Whoever invites, by name. */
  inviter: string
  productName: string
  url: string
  expiresAt: Date
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10)

/** O3: the mail that carries an invitation's link. */
export const invitationMail = (it: InvitationLetter): Mail => ({
  to: it.to,
  subject: subjectOf(`Join ${it.organization} on ${it.productName}`),
  ...letter({
    title: `Join ${it.organization} on ${it.productName}`,
    paragraphs: [
      `${it.inviter} invites you to ${it.organization}.`,
      `The invitation is for ${it.to} alone, works once, and expires on ${dayOf(it.expiresAt)}.`,
      'If you did not expect it, leave it: nothing happens until you accept.',
    ],
    action: { label: 'Accept the invitation', url: it.url },
  }),
})
