/** One named check: the fault that it sees, in plain words, or undefined when it passes. */
export interface Check<It, Reason extends string> {
  name: string
  /** What a decision says when this check is the first that fails. */
  reason: Reason
  fault: (it: It) => string | undefined
}

/** A check with its outcome, as whoever asks for the whole list reads it (E8); no detail when it passed. */
export interface CheckOutcome {
  name: string
  passed: boolean
  detail: string
}

export interface Fault<Reason extends string> {
  name: string
  reason: Reason
  detail: string
}

/** The first check of the list that fails; the order of the list is the order of the reasons. */
export function firstFault<It, Reason extends string>(
  checks: readonly Check<It, Reason>[],
  it: It,
): Fault<Reason> | undefined {
  for (const { name, reason, fault } of checks) {
    const detail = fault(it)
    if (detail !== undefined) return { name, reason, detail }
  }
  return undefined
}

/** Every check of the list with its outcome. */
export const outcomesOf = <It>(checks: readonly Check<It, string>[], it: It): CheckOutcome[] =>
  checks.map(({ name, fault }) => {
    const detail = fault(it)
    return { name, passed: detail === undefined, detail: detail ?? '' }
  })

/** As `outcomesOf`, up to the first that fails: for checks of which each rests on those before. */
export function outcomesUntilFault<It>(checks: readonly Check<It, string>[], it: It): CheckOutcome[] {
  const outcomes: CheckOutcome[] = []
  for (const { name, fault } of checks) {
    const detail = fault(it)
    outcomes.push({ name, passed: detail === undefined, detail: detail ?? '' })
    if (detail !== undefined) break
  }
  return outcomes
}
