import type { Instance, Mail } from '../kernel/deps.ts'
import { letter, subjectOf } from '../kernel/letter.ts'

type Written = Omit<Mail, 'to'>

/** To whoever forgot a password. */
export const resetLetter = (instance: Instance, name: string, url: string): Written => ({
  subject: subjectOf(`Choose a new password for ${instance.productName}`),
  ...letter({
    title: 'Choose a new password',
    paragraphs: [
      `Hello ${name},`,
      `somebody, hopefully you, asked for a new password for ${instance.productName}. The link below works once, for one hour, and ends all your sessions when it is used.`,
      'If it was not you, do nothing: your password stays as it is.',
    ],
    action: { label: 'Choose a new password', url },
  }),
})

/** To whoever's password or second factor changed. */
export const securityLetter = (instance: Instance, name: string, what: string): Written => ({
  subject: subjectOf(`Your sign-in to ${instance.productName} changed`),
  ...letter({
    title: 'Your sign-in changed',
    paragraphs: [
      `Hello ${name},`,
      what,
      'If this was not you, choose a new password at once and tell an admin of your organization.',
    ],
    action: { label: `Open ${instance.productName} settings`, url: instance.publicUrl },
  }),
})
