/** One thing that was looked at: how it stands, and how to mend it when it does not stand well. */
export interface Finding {
  level: 'ok' | 'warning' | 'fault'
  topic: string
  what: string
  mend?: string
}

export const fine = (topic: string, what: string): Finding => ({ level: 'ok', topic, what })
export const doubt = (topic: string, what: string, mend: string): Finding => ({ level: 'warning', topic, what, mend })
export const fault = (topic: string, what: string, mend: string): Finding => ({ level: 'fault', topic, what, mend })

/** A reason that an operator can search for, without a stack and without our own paths. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  // A refused connection to a name with several addresses has an empty message and the reasons inside.
  const message = error instanceof AggregateError ? reasonOf(error.errors[0]) : error.message
  return code && !message.includes(code) ? `${message} (${code})`.trim() : message
}
