import { createOperatorAuthority } from '../server/src/db/authority.ts'
import type { Person } from '../server/src/db/people.ts'
import type { Caller } from '../server/src/features/accounts/rules.ts'
import { putGroupMember } from '../server/src/features/group-members/actions.ts'
import { createGroup } from '../server/src/features/groups/actions.ts'
import { acceptInvitation } from '../server/src/features/invitation-acceptance/actions.ts'
import {
  createInvitations,
  createInvitedOrganization,
  resendInvitation,
} from '../server/src/features/invitations/actions.ts'
import { changeMemberRole } from '../server/src/features/members/actions.ts'
import { createOrganization } from '../server/src/features/organizations/actions.ts'
import { getPreviewFeatures, giveFeedback, savePreviewFeatures } from '../server/src/features/previews/actions.ts'
import { createServiceAccount } from '../server/src/features/service-accounts/actions.ts'
import { getSettings, saveSettings } from '../server/src/features/settings/actions.ts'
import type { TokenCreation } from '../server/src/features/settings/rules.ts'
import { tellRefused, tellSignedIn } from '../server/src/features/sign-in/actions.ts'
import { createToken } from '../server/src/features/tokens/actions.ts'
import { cameDaysAgo, done, openPast, type Past } from './past.ts'
import { admins, groups, invited, joined, type Member, organization, password, services } from './people.ts'
import { addUses, planTokens, type Uses } from './tokens.ts'

const operator = {
  actor: { kind: 'operator', id: null, name: 'Configuration' } as const,
  authority: createOperatorAuthority(),
  ip: null,
  userAgent: null,
}

const callerOf = (organizationId: string, name: string, accountId: string, role: 'admin' | 'member'): Caller => ({
  accountId,
  organizationId,
  kind: 'member',
  name,
  role,
  credential: { kind: 'session', userId: '', sessionId: '' },
  requires: role === 'admin' ? 'admin' : 'account',
})

export interface Furnished {
  organizationId: string
  /** What the story calls the API with. */
  secrets: { deploy: string; invoices: string }
}

/** The example organization with nine months behind it, and a second one of the same admin whose gate is down. */
export async function furnish(dataFolder: string): Promise<Furnished> {
  const past = await openPast(dataFolder)
  try {
    const { deps } = past.wired
    const who = new Map<string, Caller>()
    const ids = new Map<string, string>()
    const secrets = new Map<string, string>()
    const uses: Uses[] = []
    const boss = () => who.get(admins[0]!.name)!

    past.plan(past.hour(270, 9), async () => {
      const { name } = organization
      const admin = { ...admins[0]!, password }
      const founded = await done(createOrganization(deps, { name, admin }, { ...operator, requestId: null }))
      who.set(admin.name, callerOf(founded.organization.id, admin.name, founded.accountId, 'admin'))
    })
    planMembers(past, who)
    planGroups(past, who, ids)
    planTokens(past, { who, ids, secrets, uses })
    planSettings(past, boss, ids)
    planPreviews(past, who)
    planSignIns(past)
    planSecond(past, uses)
    await past.happen()
    await addUses(past, uses)
    return {
      organizationId: boss().organizationId,
      secrets: { deploy: secrets.get('Deploy pipeline')!, invoices: secrets.get('Invoice export')! },
    }
  } finally {
    await past.close()
  }
}

function planMembers(past: Past, who: Map<string, Caller>): void {
  const { deps } = past.wired
  const invite = async ({ email }: Member) =>
    (
      await done(
        createInvitations(deps, who.get(admins[0]!.name)!, past.factsOf(0), {
          emails: [email],
          role: 'member',
          groupIds: [],
        }),
      )
    ).invitations[0]!
  for (const [person, it] of joined.entries()) {
    if (person === 0) continue
    let link = ''
    past.plan(past.hour(cameDaysAgo(person) + 1, 8), async () => {
      link = (await invite(it)).acceptUrl!
    })
    past.plan(past.hour(cameDaysAgo(person), 6), async () => {
      const acceptance = { secret: link.split('/').at(-1)!, signedIn: undefined, name: it.name, password }
      const request = { facts: past.factsOf(person), headers: new Headers() }
      const { organization: its } = await done(acceptInvitation(deps, acceptance, request))
      const found = (await deps.people.byEmail(it.email))!
      const [membership] = await deps.lookups.membershipsOf(found.id)
      who.set(it.name, callerOf(its.id, it.name, membership!.accountId, 'member'))
    })
  }
  past.plan(past.hour(230, 10), async () => {
    const second = who.get(admins[1]!.name)!
    await done(
      changeMemberRole(deps, who.get(admins[0]!.name)!, past.factsOf(0), { id: second.accountId, role: 'admin' }),
    )
    second.role = 'admin'
  })
  for (const [i, it] of invited.entries()) {
    let id = ''
    past.plan(past.hour(i === 0 ? 12 : 5 - i, 9), async () => {
      id = (await invite(it)).id
    })
    if (i === 1)
      past.plan(past.hour(2, 15), async () => {
        await done(resendInvitation(deps, who.get(admins[0]!.name)!, past.factsOf(0), id))
      })
  }
}

function planGroups(past: Past, who: Map<string, Caller>, ids: Map<string, string>): void {
  const { deps } = past.wired
  const boss = () => who.get(admins[0]!.name)!
  const put = async (group: string, accountId: string, role: 'member' | 'manager' = 'member') => {
    const pair = { groupId: ids.get(group)!, accountId }
    await done(putGroupMember(deps, boss(), past.factsOf(0), { ...pair, role }))
  }
  for (const [i, it] of groups.entries())
    past.plan(past.hour(268 - i, 11), async () => {
      ids.set(it.name, (await done(createGroup(deps, boss(), past.factsOf(0), it))).id)
    })
  for (const [i, { name, group }] of services.entries())
    past.plan(past.hour(255 - i * 3, 12), async () => {
      const made = await done(createServiceAccount(deps, boss(), past.factsOf(0), { name, role: 'member' }))
      ids.set(name, made.id)
      await put(group, made.id)
    })
  for (const [person, { name }] of joined.entries()) {
    const own = groups[person % groups.length]!.name
    const also = person % 4 === 0 ? groups[(person + 3) % groups.length]!.name : undefined
    // The first eight who came look after the eight groups.
    past.plan(past.hour(Math.min(cameDaysAgo(person), 259), 6.5), async () => {
      await put(own, who.get(name)!.accountId, person < groups.length ? 'manager' : 'member')
      if (also) await put(also, who.get(name)!.accountId)
    })
  }
}

/** The gate was down once, on the night of a leak, and half down one evening; only outside working hours. */
function planSettings(past: Past, boss: () => Caller, ids: Map<string, string>): void {
  const save = (daysAgo: number, hours: number, wanted: () => TokenCreation) =>
    past.plan(past.hour(daysAgo, hours), async () => saveOver(past, boss(), wanted()))
  const some = (...names: string[]) => names.map((it) => ids.get(it)!)
  save(61, 2.2, () => ({ creation: 'none', groupIds: [], suspendOutsideGroups: false }))
  save(61, 2.9, () => ({ creation: 'all', groupIds: [], suspendOutsideGroups: false }))
  save(23, 19, () => ({ creation: 'groups', groupIds: some('Platform', 'Security'), suspendOutsideGroups: false }))
  save(23, 20.5, () => ({ creation: 'all', groupIds: some('Platform', 'Security'), suspendOutsideGroups: false }))
}

/** Both previews of the console are on since yesterday, and somebody said something about one of them. */
function planPreviews(past: Past, who: Map<string, Caller>): void {
  const { deps } = past.wired
  past.plan(past.hour(1, 9), async () => {
    const boss = who.get(admins[0]!.name)!
    const { version } = await getPreviewFeatures(deps, boss)
    const wanted = { enabled: ['token-insights', 'command-palette'], ifMatch: String(version) }
    await done(savePreviewFeatures(deps, boss, past.factsOf(0), wanted))
  })
  past.plan(past.hour(1, 14), async () => {
    const text = 'The chart told me which of my tokens the old build server still uses. Hours would be nice, too.'
    await done(giveFeedback(deps, who.get(joined[5]!.name)!, past.factsOf(5), { key: 'token-insights', text }))
  })
}

async function saveOver(past: Past, caller: Caller, apiTokens: TokenCreation): Promise<void> {
  const { version } = await getSettings(past.wired.deps, caller)
  await done(saveSettings(past.wired.deps, caller, past.factsOf(0), { apiTokens, ifMatch: String(version) }))
}

function planSignIns(past: Past): void {
  const { deps, signIn } = past.wired
  for (const [person, { email }] of joined.entries())
    for (let i = 0; i < (person === 0 ? 12 : 4); i++) {
      const at = past.someTime(past.chance.between(1, cameDaysAgo(person) - 1))
      const facts = past.factsOf(person)
      past.plan(at, async () => {
        const found = (await deps.people.byEmail(email))!
        if (i === 0 && person % 5 === 1) await tellRefused(signIn, found, facts, 'password')
        await tellSignedIn(signIn, found, facts, 'password')
      })
    }
}

/** Accepts an invitation in a session that ends afterwards; answers the account that joined. */
async function acceptSignedIn(
  { wired: { deps, signIn }, factsOf }: Past,
  person: Person,
  url: string,
): Promise<string> {
  const { headers: started } = await signIn.auth.api.startSession({
    body: { userId: person.id },
    headers: new Headers({ host: new URL(url).host }),
    returnHeaders: true,
  })
  const cookies = started.getSetCookie().map((cookie) => cookie.split(';')[0])
  const headers = new Headers({ cookie: cookies.join('; ') })
  const session = (await signIn.sessionOf(headers))!
  const signedIn = { kind: 'session', ...session } as const
  const acceptance = { secret: url.split('/').at(-1)!, signedIn }
  const { organization: joined } = await done(acceptInvitation(deps, acceptance, { facts: factsOf(0), headers }))
  await signIn.auth.api.signOut({ headers })
  const memberships = await deps.lookups.membershipsOf(person.id)
  return memberships.find(({ organizationId }) => organizationId === joined.id)!.accountId
}

/** A second organization of the same admin (O4), where the gate has been down since yesterday. */
function planSecond(past: Past, uses: Uses[]): void {
  const { deps } = past.wired
  let boss: Caller | undefined
  past.plan(past.hour(48, 9), async () => {
    const admin = (await deps.people.byEmail(admins[0]!.email))!
    const founding = { name: organization.second, email: admin.email }
    const made = await done(createInvitedOrganization(deps, founding, { ...operator, requestId: null }))
    const accountId = await acceptSignedIn(past, admin, made.invitation.url)
    boss = callerOf(made.organization.id, admin.name, accountId, 'admin')
    await done(createGroup(deps, boss, past.factsOf(0), { name: 'Prototypes', description: 'What may break.' }))
    for (const name of ['Gripper rig', 'Sonar bench', 'Simulation farm']) {
      const { id } = await done(createServiceAccount(deps, boss, past.factsOf(0), { name, role: 'member' }))
      for (const tokenName of ['Staging', 'Continuous integration']) {
        const wanted = { name: tokenName, description: '', expiresAt: null, accountId: id }
        const { token } = await done(createToken(deps, boss, past.factsOf(0), wanted))
        uses.push({ tokenId: token.id, place: uses.length, lastDaysAgo: 2 })
      }
    }
  })
  past.plan(past.hour(1, 18), () =>
    saveOver(past, boss!, { creation: 'none', groupIds: [], suspendOutsideGroups: false }),
  )
}
