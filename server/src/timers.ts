import { mailPollMs } from './mail/queue.ts'

/** How often the file of the preview features is compared with what was read (F1). */
const catalogueEveryMs = 1000
/** How often the keys of OAuth providers are refreshed where due (E7). */
const keysEveryMs = 30 * 1000
/** How often expired rate limits, links and sessions are deleted. */
const sweepEveryMs = 60 * 60 * 1000
/** The first expiration notices wait until the start is over; a process that lives for an hour or less still sends them. */
const firstNoticesMs = 60 * 1000

interface Jobs {
  /** Runs work in the background and logs its failure. */
  later: (name: string, work: () => Promise<void>) => void
  sweep: () => Promise<void>
  sendExpiryNotices: () => Promise<void>
  refreshCatalogue: () => void
  refreshKeys: () => Promise<void>
  /** Absent in commands, which send no mail. */
  pollMails?: (() => Promise<void>) | undefined
}

/** Starts everything that happens by the clock; the timers keep no process alive. */
export function startTimers({ later, ...jobs }: Jobs): NodeJS.Timeout[] {
  const sendNotices = () => later('notices of expirations', jobs.sendExpiryNotices)
  const { pollMails } = jobs
  return [
    setInterval(() => later('sweep', jobs.sweep), sweepEveryMs),
    setTimeout(sendNotices, firstNoticesMs),
    setInterval(sendNotices, sweepEveryMs),
    setInterval(jobs.refreshCatalogue, catalogueEveryMs),
    setInterval(() => later('key sets', jobs.refreshKeys), keysEveryMs),
    ...(pollMails ? [setInterval(() => later('mails', pollMails), mailPollMs)] : []),
  ].map((timer) => timer.unref())
}
