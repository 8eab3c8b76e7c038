import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAnswer } from '../src/answer.ts'
import { Lease, type Point } from '../src/lease.ts'
import { Memory } from '../src/memory.ts'
import type { Step } from '../src/step.ts'
import { activeAnswer, organizationA, organizationB } from './tokens.ts'

/*
 * N3 and P11 on trial: a history of changes that may lose its end in a failover, two server processes that follow it,
 * a stream and questions that are under way for as long as chance has it, and a verifier made of the real rules and
 * the real memory. Whatever happens in whatever order, what memory says under a lease was true within the last second.
 */

interface Commit extends Point {
  value: string
  /** Whose change it was. */
  organization: string
}

const stepOf = ({ organization, ...point }: Commit): Step => ({
  point,
  forget: [{ kind: 'organization', id: organization }],
})

interface Process {
  /** What it has applied; a chain of its own, since a failover may have cut the true one since. */
  chain: Commit[]
  confirmedAtMs: number
}

const leaseMs = 1000
const last = (chain: Commit[]): Commit => chain.at(-1)!

class Trial {
  nowMs = 10_000
  commits = 1
  truth: Commit[] = [{ number: 1, mark: 'm1', value: 'v1', organization: organizationA }]
  /** Since when which value was true. */
  values = [{ fromMs: 0, value: 'v1' }]
  processes: Process[] = [0, 1].map(() => ({ chain: [...this.truth], confirmedAtMs: this.nowMs }))
  stream: { process: number; steps: Step[] } | undefined
  heads: { sentAtMs: number; answer?: Point & { ageMs: number } }[] = []
  lookups: { beginnings: number; read?: Commit }[] = []
  lease = new Lease()
  memory = new Memory(10)
  kept = 0
  decided = 0

  pass(ms: number) {
    this.nowMs += ms
  }

  askHead() {
    this.heads.push({ sentAtMs: this.nowMs })
  }

  askToken() {
    this.lookups.push({ beginnings: this.lease.beginnings })
  }

  commit() {
    this.add(organizationA, `v${this.commits + 1}`)
    this.values.push({ fromMs: this.nowMs, value: last(this.truth).value })
  }

  commitElsewhere() {
    this.add(organizationB, last(this.truth).value)
  }

  add(organization: string, value: string) {
    this.commits += 1
    const number = last(this.truth).number + 1
    this.truth = [...this.truth, { number, mark: `m${this.commits}`, value, organization }]
  }

  failover(lost: number) {
    if (this.truth.length <= lost) return
    this.truth = this.truth.slice(0, -lost)
    this.values.push({ fromMs: this.nowMs, value: last(this.truth).value })
  }

  refresh(index: number) {
    const process = this.processes[index]!
    const at = last(process.chain)
    const isOurs = this.truth.some(({ number, mark }) => number === at.number && mark === at.mark)
    const steps: Step[] = isOurs
      ? this.truth.filter(({ number }) => number > at.number).map(stepOf)
      : [{ point: last(this.truth), forget: 'everything' }]
    process.chain = [...this.truth]
    process.confirmedAtMs = this.nowMs
    if (this.stream?.process === index) this.stream.steps.push(...steps)
  }

  mayAnswer(index: number) {
    return this.nowMs - this.processes[index]!.confirmedAtMs < leaseMs
  }

  connect(index: number) {
    this.refresh(index)
    const { chain } = this.processes[index]!
    const at = this.lease.applied
    const known = at && chain.findIndex(({ number, mark }) => number === at.number && mark === at.mark)
    const steps: Step[] =
      known === undefined || known < 0
        ? [{ point: last(chain), forget: 'everything' }]
        : chain.slice(known + 1).map(stepOf)
    this.stream = { process: index, steps }
  }

  deliver() {
    const step = this.stream?.steps.shift()
    if (!step) return
    if (step.forget === 'everything') {
      this.memory.forgetEverything()
      this.lease.begin(step.point)
    } else if (this.lease.follows(step.point)) {
      for (const it of step.forget) this.memory.forget(it)
      this.lease.apply(step.point)
    } else {
      this.lease.lapse()
      this.memory.forgetEverything()
      this.stream = undefined
    }
  }

  answerHead(index: number, which: number) {
    const head = this.heads[which % this.heads.length]
    if (!head || head.answer || !this.mayAnswer(index)) return
    const { chain, confirmedAtMs } = this.processes[index]!
    const { number, mark } = last(chain)
    head.answer = { number, mark, ageMs: this.nowMs - confirmedAtMs }
  }

  receiveHead(which: number) {
    const [head] = this.heads.splice(which % this.heads.length, 1)
    if (head?.answer) this.lease.grant(head.answer, head.sentAtMs)
  }

  readToken(index: number, which: number) {
    const lookup = this.lookups[which % this.lookups.length]
    if (lookup && this.mayAnswer(index)) lookup.read ??= last(this.processes[index]!.chain)
  }

  receiveToken(which: number) {
    const [lookup] = this.lookups.splice(which % this.lookups.length, 1)
    if (!lookup?.read || !this.lease.mayKeep(lookup.read, lookup.beginnings)) return
    this.kept += 1
    const answer = readAnswer(JSON.stringify(activeAnswer({ username: lookup.read.value })), 'managed')
    if (answer) this.memory.keepManaged('token', answer, lookup.read.number)
  }

  renewRound(index: number) {
    this.heads.unshift({ sentAtMs: this.nowMs })
    this.answerHead(index, 0)
    this.receiveHead(0)
  }

  lookupRound(index: number) {
    this.lookups.unshift({ beginnings: this.lease.beginnings })
    this.readToken(index, 0)
    this.receiveToken(0)
  }

  deliverAll() {
    while (this.stream && this.stream.steps.length > 0) this.deliver()
  }

  check() {
    const answer = this.lease.holds(this.nowMs) ? this.memory.get('token', this.lease.vouched)?.answer : undefined
    if (!answer?.active) return
    this.decided += 1
    const since = this.nowMs - leaseMs
    const true_ = this.values.filter((_, i) => (this.values[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY) > since)
    expect(true_.map(({ value }) => value)).toContain(answer.account.username)
  }
}

const index = fc.nat(1)
const which = fc.nat(3)

/** Single steps, which can go wrong in any order, and whole rounds, without which little would ever be remembered. */
const happening = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('pass'), fc.integer({ min: 1, max: 400 })), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('commit')), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('commitElsewhere')), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('failover'), fc.integer({ min: 1, max: 3 })), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('refresh'), index), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('connect'), index), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('deliver')), weight: 3 },
  { arbitrary: fc.tuple(fc.constant('askHead')), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('answerHead'), index, which), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('receiveHead'), which), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('askToken')), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('readToken'), index, which), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('receiveToken'), which), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('renewRound'), index), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('lookupRound'), index), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('deliverAll')), weight: 2 },
) as fc.Arbitrary<['pass', ...number[]]>

const runs = Number(process.env.PORTCULLIS_LEASE_RUNS ?? 3_000)

test('N3, P11: what memory says under a lease was true within the last second, whatever is late, lost or cut', {
  timeout: 10_000 + runs * 2,
}, () => {
  let decided = 0
  fc.assert(
    fc.property(fc.array(happening, { minLength: 20, maxLength: 120 }), (happenings) => {
      const trial = new Trial()
      trial.connect(0)
      trial.deliverAll()
      for (const happen of happenings) {
        const [what, ...args] = happen
        ;(trial[what] as (...args: number[]) => void).apply(trial, args)
        trial.check()
      }
      decided += trial.decided
    }),
    { numRuns: runs },
  )
  // Chance must lead to decisions, or nothing was tried.
  expect(decided).toBeGreaterThan(1_000)
})
