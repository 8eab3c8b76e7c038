import { setTimeout } from 'node:timers/promises'
import type { Database } from '../db/change.ts'
import type { Log, Mail, Outbox } from '../kernel/deps.ts'
import {
  isMailTooOld,
  type MailAttemptResult,
  type MailFailure,
  type MailKind,
  nextAttemptAt,
  toMailFailure,
} from './rules.ts'
import { type ClaimedMail, createMailStore, type MailResult } from './store.ts'

/** Writes a mail at one attempt, with a secret of its own if it carries one; undefined where the mail is obsolete. */
export type ComposeMail = (mail: ClaimedMail) => Promise<Mail | undefined>

export interface MailQueueParts {
  db: Database
  outbox: Outbox
  /** Asked for at each attempt, since what composes some mails is made after the queue. */
  composers: () => Record<MailKind, ComposeMail>
  now: () => Date
  log: Log
  record: (kind: MailKind, result: MailAttemptResult) => void
}

/** How often a process looks for mails that are due. */
export const mailPollMs = 5000
/** Attempts at the same time: as many as the transport has connections, so that no mail waits inside of it. */
const maxConcurrent = 3
/** No attempt counts after this, whatever the mail server does. */
const attemptTimeoutMs = 30_000
/** Longer than an attempt, so that no other process takes a mail whose attempt is under way. */
const leaseMs = 60_000
/** No request waits longer than this for its mails, all of them together. */
const maxWaitMs = 3000

export type MailQueue = ReturnType<typeof createMailQueue>

/**
 * The worker of the durable mail queue. A mail is committed with the change that causes it, so it outlives this process;
 * each attempt is leased, so several processes share the queue. A mail can arrive twice (a process that dies between
 * sending and storing the result), but never with two valid secrets.
 */
export function createMailQueue(parts: MailQueueParts) {
  const { outbox, now, log } = parts
  const store = createMailStore(parts.db)
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  let filling = Promise.resolve()
  let claiming = false
  let claimAgain = false
  let closing = false
  let pending = 0

  async function attemptMail(mail: ClaimedMail): Promise<void> {
    const { result, ...stored } = await sendMail(parts, mail)
    await store.finishMail(mail, stored, now())
    parts.record(mail.kind, result)
  }

  function startAttempt(mail: ClaimedMail): void {
    const attempt = attemptMail(mail)
      .catch((err: unknown) =>
        log.warn({ err, mail: mail.id }, 'result of a mail not stored, retrying after its lease'),
      )
      .finally(() => {
        running.delete(mail.id)
        waiting.get(mail.id)?.resolve()
        fillSlots()
      })
    running.set(mail.id, attempt)
  }

  /** Claims due mails for the slots that are free. One call claims at a time; calls in between make it look again. */
  function fillSlots(): void {
    claimAgain = true
    if (!claiming) filling = claimWhileAsked()
  }

  async function claimWhileAsked(): Promise<void> {
    claiming = true
    try {
      while (claimAgain && !closing) {
        claimAgain = false
        const free = maxConcurrent - running.size
        if (free <= 0) return
        const at = now()
        const mails = await store.claimMails(at, new Date(at.getTime() + leaseMs), free)
        mails.forEach(startAttempt)
        if (mails.length < free) stopWaitingForOthers()
      }
    } catch (err) {
      log.warn({ err }, 'mail queue not read, retrying')
    } finally {
      claiming = false
    }
  }

  /** Nothing more is due, so whatever is not under way here was attempted already, or by another process. */
  function stopWaitingForOthers(): void {
    for (const [id, attempt] of waiting) if (!running.has(id)) attempt.resolve()
  }

  /** Waits for one attempt of each of these mails, but not longer than a request may; the others stay pending. */
  async function deliverMails(ids: readonly string[]): Promise<void> {
    if (ids.length === 0 || closing) return
    const attempts = ids.map((id) => {
      const attempt = Promise.withResolvers<void>()
      waiting.set(id, attempt)
      return attempt.promise
    })
    fillSlots()
    const timeout = new AbortController()
    await Promise.race([
      Promise.all(attempts),
      setTimeout(maxWaitMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ])
    timeout.abort()
    for (const id of ids) waiting.delete(id)
  }

  async function settle(): Promise<void> {
    while (claiming || running.size > 0) await Promise.all([filling, ...running.values()])
  }

  return {
    deliverMails,
    /** For a timer: attempts what is due, and reads how much waits. */
    poll: async (): Promise<void> => {
      if (!outbox.configured || closing) return
      fillSlots()
      pending = await store.countPendingMails()
    },
    /** Resolves when no attempt is under way. */
    settle,
    /** Mails that waited when this process looked last, of all processes. */
    pendingMails: () => pending,
    /** Claims nothing more; attempts that do not end in time are repeated after their lease. */
    close: async (): Promise<void> => {
      closing = true
      for (const attempt of waiting.values()) attempt.resolve()
      await Promise.race([settle(), setTimeout(maxWaitMs, undefined, { ref: false })])
    },
  }
}

type Attempted = MailResult & { result: MailAttemptResult }

async function sendMail({ composers, outbox, now }: MailQueueParts, mail: ClaimedMail): Promise<Attempted> {
  if (isMailTooOld(mail, now())) return failMail('too_old')
  try {
    const composed = await composers()[mail.kind](mail)
    if (!composed) return { result: 'obsolete', state: null, nextAttemptAt: null, error: null }
    await withTimeout(outbox.send(composed))
    return { result: 'sent', state: 'sent', nextAttemptAt: null, error: null }
  } catch (error) {
    return afterFailure(mail, toMailFailure(error), now())
  }
}

const failMail = (error: string): Attempted => ({ result: 'failed', state: 'failed', nextAttemptAt: null, error })

function afterFailure(mail: ClaimedMail, { code, permanent }: MailFailure, at: Date): Attempted {
  const next = permanent ? undefined : nextAttemptAt(mail, at)
  return next ? { result: 'retried', state: 'pending', nextAttemptAt: next, error: code } : failMail(code)
}

async function withTimeout(work: Promise<void>): Promise<void> {
  const timer = new AbortController()
  const timeout = setTimeout(attemptTimeoutMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw Object.assign(new Error('The mail server did not answer in time.'), { code: 'ETIMEDOUT' })
  })
  // Whichever ends later is handled here, too: a rejection nobody waits for would end the process.
  timeout.catch(() => undefined)
  try {
    await Promise.race([work, timeout])
  } finally {
    timer.abort()
  }
}
