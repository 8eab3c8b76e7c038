import fc from 'fast-check'
import { expect } from 'vitest'
import type { TestDatabase } from './databases.ts'
import { type As, type Harness, harness, password } from './harness.ts'
import { createPeopleTester, mailedSecret, secretOf } from './people.ts'
import { cookiesOf, signIn } from './sign-in.ts'

const hourMs = 60 * 60 * 1000
/** The people whose addresses the attacker knows. */
export const victims = 2
const attackersPassword = 'what only the attacker knows'

type Channel = 'mailed' | 'shown' | 'failing'

/** What honest people and the attacker do. `victim` is an address; `pick` chooses among what its holder has. */
export type PeopleStep =
  | { kind: 'attackerInvites' | 'admirerInvites'; victim: number; channel: Channel; role: 'admin' | 'member' }
  | { kind: 'attackerAccepts' | 'attackerStartsAfresh'; pick: number; signedIn: boolean }
  | { kind: 'attackerResends' | 'attackerSignsIn' | 'attackerAsksForReset'; victim: number }
  | { kind: 'ownerAccepts'; victim: number; pick: number; signedIn: boolean }
  | { kind: 'ownerStartsAfresh' | 'ownerResets' | 'ownerSignsIn'; victim: number; pick: number }
  | { kind: 'operatorCreates'; victim: number; inviteExisting: boolean }
  | { kind: 'operatorRuns'; victim: number; name: string }
  | { kind: 'wait'; hours: number }

// The first one more often, so that steps meet.
const victim = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat({ max: victims - 1 }) },
)
const pick = fc.nat({ max: 5 })
const channel = fc.constantFrom<Channel>('mailed', 'shown', 'failing')
const role = fc.constantFrom('admin' as const, 'member' as const)
const commandName = fc.constantFrom(
  'admin-reset-password',
  'admin-confirm-address',
  'admin-reset-person',
  'admin-reset-second-factor',
  'admin-stop-fresh-start',
)
const kind = <const Kind extends string>(...names: Kind[]) => fc.constantFrom(...names)

const peopleStep: fc.Arbitrary<PeopleStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kind('attackerInvites', 'admirerInvites'), victim, channel, role }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('attackerAccepts', 'attackerStartsAfresh'), pick, signedIn: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('attackerResends', 'attackerSignsIn', 'attackerAsksForReset'), victim }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind('ownerAccepts'), victim, pick, signedIn: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('ownerStartsAfresh', 'ownerResets', 'ownerSignsIn'), victim, pick }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('operatorCreates'), victim, inviteExisting: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('operatorRuns'), victim, name: commandName }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('wait'), hours: fc.constantFrom(1, 25) }) },
)

/** An address that the attacker claimed by a shown link before anybody else used it. */
export const claim: readonly PeopleStep[] = [
  { kind: 'attackerInvites', victim: 0, channel: 'shown', role: 'member' },
  { kind: 'attackerAccepts', pick: 0, signedIn: false },
]

/** Half of the sequences begin with a claimed address. */
export const peopleSteps: fc.Arbitrary<PeopleStep[]> = fc
  .tuple(fc.boolean(), fc.array(peopleStep, { minLength: 4, maxLength: 14, size: 'max' }))
  .map(([isClaimed, steps]) => [...(isClaimed ? claim : []), ...steps])

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

/** Everything that the attacker has collected, and what each owner of an address has. */
interface Round {
  evil: Organization
  globex: Organization
  emails: string[]
  /** What the attacker was shown, and every session that the attacker ever began. */
  attacker: { secrets: string[]; sessions: As[] }
  /** What arrived in a mailbox or was handed over, and the owner's sessions. */
  owners: { secrets: string[]; sessions: As[]; password: string }[]
}

export async function createPeopleWorld(database: TestDatabase) {
  const app = await harness(database, { mail: true })
  const people = createPeopleTester(app)
  const sendMail = app.deps.outbox.send
  let round: Round

  const begin = async () => {
    app.deps.outbox.configured = true
    const [evil, globex] = [await app.newOrganization('Evil'), await app.newOrganization('Globex')]
    const emails = Array.from({ length: victims }, () => app.newEmail())
    const owners = emails.map((_, i) => ({ secrets: [], sessions: [], password: `${password} of owner ${i}` }))
    round = { evil, globex, emails, attacker: { secrets: [], sessions: [evil.admin] }, owners }
  }
  const choose = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)]
  const emailOf = (n: number) => round.emails[n] ?? ''
  const ownerOf = (n: number) => round.owners[n] ?? round.owners[0]!
  const readMailbox = async (n: number) => {
    const secret = await mailedSecret(app, emailOf(n))
    if (secret && !ownerOf(n).secrets.includes(secret)) ownerOf(n).secrets.push(secret)
  }

  /** Runs with mail as the channel says: it leaves, none is configured, or the server refuses it. */
  const withMail = async <T>(how: Channel, work: () => Promise<T>): Promise<T> => {
    app.deps.outbox.configured = how !== 'shown'
    app.deps.outbox.send = how === 'failing' ? () => Promise.reject(new Error('the mail server is away')) : sendMail
    try {
      return await work()
    } finally {
      app.deps.outbox.configured = true
      app.deps.outbox.send = sendMail
    }
  }

  const inviteFrom = async (organization: Organization, n: number, how: Channel, as: 'admin' | 'member') => {
    const answer = await withMail(how, () => people.invite(organization, emailOf(n), as))
    await readMailbox(n)
    return secretOf(answer.body.invitations?.[0]?.acceptUrl ?? '')
  }

  const openSession = (holder: { sessions: As[] }, answer: { status: number; headers: Headers }) => {
    if (answer.status === 200) holder.sessions.push({ cookie: cookiesOf(answer.headers) })
  }

  const accept = async (
    holder: { secrets: string[]; sessions: As[] },
    secret: string | undefined,
    how: { signedIn: boolean; pick: number; password: string },
  ) => {
    if (!secret) return
    const session = choose(holder.sessions, how.pick)
    if (how.signedIn && session) await people.accept(secret, {}, session)
    else openSession(holder, await people.accept(secret, { name: 'Someone', password: how.password }))
  }

  const resetByMail = async (n: number) => {
    const email = emailOf(n)
    const before = app.sent.length
    await app.call('POST', '/api/auth/request-password-reset', { body: { email } })
    await app.signIn.settled()
    const mail = app.sent.slice(before).find(({ to, text }) => to === email && text.includes('?token='))
    const token = /token=([\w-]+)/.exec(mail?.text ?? '')?.[1]
    const owner = ownerOf(n)
    if (token) await app.call('POST', '/api/auth/reset-password', { body: { token, newPassword: owner.password } })
  }

  const steps: { [K in PeopleStep['kind']]: (step: Extract<PeopleStep, { kind: K }>) => Promise<void> } = {
    async attackerInvites({ victim: n, channel: how, role: as }) {
      const secret = await inviteFrom(round.evil, n, how, as)
      if (secret) round.attacker.secrets.push(secret)
    },
    async admirerInvites({ victim: n, channel: how, role: as }) {
      const secret = await inviteFrom(round.globex, n, how, as)
      if (secret) ownerOf(n).secrets.push(secret)
    },
    attackerAccepts: ({ pick: n, signedIn }) =>
      accept(round.attacker, choose(round.attacker.secrets, n), { signedIn, pick: n, password: attackersPassword }),
    async attackerStartsAfresh({ pick: n }) {
      const secret = choose(round.attacker.secrets, n)
      if (secret) expect((await people.startAfresh(secret)).status).toBe(404)
    },
    async attackerResends({ victim: n }) {
      await people.resendAll(round.evil)
      await readMailbox(n)
    },
    async attackerSignsIn({ victim: n }) {
      openSession(round.attacker, await signIn(app, emailOf(n), attackersPassword, '203.0.113.9'))
    },
    async attackerAsksForReset({ victim: n }) {
      await app.call('POST', '/api/auth/request-password-reset', { body: { email: emailOf(n) } })
      await app.signIn.settled()
    },
    async ownerAccepts({ victim: n, pick: p, signedIn }) {
      const owner = ownerOf(n)
      await accept(owner, choose(owner.secrets, p), { signedIn, pick: p, password: owner.password })
    },
    async ownerStartsAfresh({ victim: n, pick: p }) {
      const secret = choose(ownerOf(n).secrets, p)
      if (secret) await people.startAfresh(secret)
    },
    ownerResets: ({ victim: n }) => resetByMail(n),
    async ownerSignsIn({ victim: n }) {
      openSession(ownerOf(n), await signIn(app, emailOf(n), ownerOf(n).password, `198.51.100.${n}`))
    },
    async operatorCreates({ victim: n, inviteExisting }) {
      const args = { name: 'Hooli', adminEmail: emailOf(n), ...(inviteExisting && { inviteExisting }) }
      const { printed } = await people.runCommand('organization-create', args)
      const secret = secretOf(printed)
      if (secret) ownerOf(n).secrets.push(secret)
    },
    async operatorRuns({ victim: n, name }) {
      await people.runCommand(name, { email: emailOf(n) })
    },
    async wait({ hours }) {
      app.clock.now = new Date(app.clock.now.getTime() + hours * hourMs)
    },
  }

  const organizationsOf = async (as: As): Promise<string[]> => {
    const { status, body } = await app.call('GET', '/api/v1/me', { as })
    return status === 200 ? body.organizations.map((it: { id: string }) => it.id) : []
  }

  /** What the owners can reach beyond the attacker's organization. */
  const ownersAccess = () =>
    Promise.all(
      round.owners.flatMap(({ sessions }) =>
        sessions.map(async (as) => (await organizationsOf(as)).filter((id) => id !== round.evil.id)),
      ),
    )

  /** O11–O14: the attacker reaches nothing elsewhere, and ends nobody's access there. */
  const run = async (step: PeopleStep) => {
    const before = await ownersAccess()
    await (steps[step.kind] as (it: PeopleStep) => Promise<void>)(step)
    for (const as of round.attacker.sessions)
      expect((await organizationsOf(as)).filter((id) => id !== round.evil.id)).toEqual([])
    if (step.kind.startsWith('attacker')) expect(await ownersAccess()).toEqual(before)
  }

  return { begin, run, ownersAccess }
}
