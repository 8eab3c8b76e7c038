/** What a queued mail is about; each kind has a composer. */
export const mailKinds = ['invitation', 'password_reset', 'security_notice'] as const
export type MailKind = (typeof mailKinds)[number]
export type MailState = 'pending' | 'sent' | 'failed'

/** What became of one attempt. */
export const mailResults = ['sent', 'retried', 'failed', 'obsolete'] as const
export type MailAttemptResult = (typeof mailResults)[number]

const minuteMs = 60 * 1000
const hourMs = 60 * minuteMs

/** How long after each failed attempt the next one is due; after the last of them the mail has failed. */
const backoffMs = [0.5, 2, 10, 30, 60, 120, 240, 480].map((minutes) => minutes * minuteMs)
export const maxMailAttempts = backoffMs.length + 1

/** A mail that is older has failed: a link to a new password is of no use to a person who asked long ago. */
const maxAgeMs: Record<MailKind, number> = {
  invitation: 24 * hourMs,
  password_reset: hourMs,
  security_notice: 24 * hourMs,
}

/** A mail that a process has leased for one attempt. */
export interface MailAttempt {
  kind: MailKind
  /** The number of this attempt, from 1. */
  attempts: number
  createdAt: Date
}

export const isMailTooOld = ({ kind, createdAt }: MailAttempt, now: Date): boolean =>
  now.getTime() - createdAt.getTime() >= maxAgeMs[kind]

/** When a mail is tried again after this attempt failed; undefined where it is not. */
export function nextAttemptAt(attempt: MailAttempt, now: Date): Date | undefined {
  const delayMs = backoffMs[attempt.attempts - 1]
  if (delayMs === undefined) return undefined
  const next = new Date(now.getTime() + delayMs)
  return isMailTooOld(attempt, next) ? undefined : next
}

/** What may be stored of a failure, and whether the server refused this recipient or message for good (RFC 5321 §4.2.1). */
export interface MailFailure {
  code: string
  permanent: boolean
}

/**
 * Reads an error of the mail transport. Only codes are kept, since messages of mail servers contain addresses. A 5xx to
 * the sign-in or the sender's address is the operator's configuration, which can be corrected, so it is tried again.
 */
export function toMailFailure(error: unknown): MailFailure {
  const { code, responseCode, command } = (error ?? {}) as Record<string, unknown>
  if (
    typeof responseCode === 'number' &&
    Number.isInteger(responseCode) &&
    responseCode >= 200 &&
    responseCode <= 599
  ) {
    const refused = command === 'RCPT TO' || command === 'DATA'
    return { code: String(responseCode), permanent: responseCode >= 500 && refused }
  }
  return { code: typeof code === 'string' && /^E[A-Z]{2,15}$/.test(code) ? code : 'unknown', permanent: false }
}
