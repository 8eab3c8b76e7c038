import { sql } from 'kysely'
import type { Caller } from '../server/src/features/accounts/rules.ts'
import { createToken, deleteToken, refreshToken, updateToken } from '../server/src/features/tokens/actions.ts'
import { cameDaysAgo, done, type Past } from './past.ts'
import { admins, joined, personalTokens, services, serviceTokens } from './people.ts'

const dayMs = 86_400_000

export interface Registers {
  who: Map<string, Caller>
  ids: Map<string, string>
  secrets: Map<string, string>
  uses: Uses[]
}

/** A token that is used daily until so many days ago; `place` makes its counts its own. */
export interface Uses {
  tokenId: string
  place: number
  lastDaysAgo: number
}

const tokenCount = 200

/** Of every ten: two have expired, one is about to, two were never used, and five are in use. */
type Fate = 'expired' | 'expiring' | 'unused' | 'used'
const fates: readonly Fate[] = [
  'used',
  'expired',
  'used',
  'unused',
  'used',
  'expiring',
  'used',
  'expired',
  'unused',
  'used',
]

/** Two hundred tokens that are still there, and some that the audit log alone remembers. */
export function planTokens(past: Past, registers: Registers): void {
  planLiving(past, registers)
  planGone(past, registers)
}

function planLiving(past: Past, { who, ids, secrets, uses }: Registers): void {
  const { deps } = past.wired
  const { between } = past.chance
  const boss = () => who.get(admins[0]!.name)!
  for (let i = 0; i < tokenCount; i++) {
    // Every third belongs to a service account; admins make those on its behalf.
    const service = i % 3 === 0 ? services[(i / 3) % services.length]! : undefined
    const turn = i % 3 === 0 ? i / 3 : i - Math.floor(i / 3) - 1
    const person = turn % joined.length
    const round = Math.floor(turn / (service ? services.length : joined.length))
    const names = service ? serviceTokens : personalTokens
    const name = names[(round * 3 + turn) % names.length]! + (round >= names.length ? ` ${round + 1}` : '')
    const since = service ? 220 : cameDaysAgo(person) - 1
    const fate = fates[i % fates.length]!
    const { daysAgo, expires } = lifeOf(fate, past, since)
    const made = past.someTime(daysAgo)
    let id = ''
    const caller = () => (service ? boss() : who.get(joined[person]!.name)!)
    past.plan(made, async () => {
      const issued = await done(
        createToken(deps, caller(), past.factsOf(service ? 0 : person), {
          name,
          description: service ? `${service.name}, ${name.toLowerCase()}` : '',
          expiresAt: expires,
          accountId: service && ids.get(service.name)!,
        }),
      )
      id = issued.token.id
      if (service && fate === 'used') secrets.set(service.name, issued.secret)
      // Some of those in use have been quiet of late.
      if (fate !== 'unused') uses.push({ tokenId: id, place: i, lastDaysAgo: i % 7 === 3 ? 20 : 1 })
    })
    if (i % 14 === 4 && daysAgo > 3)
      past.plan(past.someTime(between(1, daysAgo - 1)), async () => {
        const description = 'See the team wiki before you rotate this one.'
        await done(updateToken(deps, caller(), past.factsOf(service ? 0 : person), id, { description }))
      })
    if (i % 11 === 2 && fate === 'unused' && daysAgo > 3)
      past.plan(past.someTime(between(1, daysAgo - 1)), async () => {
        await done(refreshToken(deps, caller(), past.factsOf(service ? 0 : person), id, expires))
      })
  }
}

function planGone(past: Past, { who }: Registers): void {
  const { deps } = past.wired
  const { between } = past.chance
  for (let i = 0; i < 18; i++) {
    const person = (i * 5) % joined.length
    const daysAgo = Math.min(between(20, 150), cameDaysAgo(person) - 1)
    let id = ''
    const wanted = { name: `Experiment ${i + 1}`, description: '', expiresAt: null, accountId: undefined }
    const caller = () => who.get(joined[person]!.name)!
    past.plan(past.someTime(daysAgo), async () => {
      id = (await done(createToken(deps, caller(), past.factsOf(person), wanted))).token.id
    })
    past.plan(past.someTime(between(1, daysAgo - 1)), async () => {
      await done(deleteToken(deps, caller(), past.factsOf(person), id))
    })
  }
}

/** When a token with this fate was made, and when it expires. */
function lifeOf(fate: Fate, { chance, today }: Past, since: number): { daysAgo: number; expires: Date | null } {
  const { between, pick } = chance
  const inDays = (days: number) => new Date(today + days * dayMs + 43_200_000)
  if (fate === 'expired') {
    const life = pick([7, 30, 60, 90])
    const daysAgo = between(Math.min(life + 2, since), since)
    return { daysAgo, expires: inDays(-Math.max(1, daysAgo - life)) }
  }
  if (fate === 'expiring') return { daysAgo: between(20, Math.min(84, since)), expires: inDays(between(1, 6)) }
  const daysAgo = between(2, since)
  return { daysAgo, expires: pick([null, null, inDays(between(30, 300))]) }
}

/**
 * Uses of the last 90 days (T8), which nothing but using makes. A use is never older than its token, nor younger than its
 * expiration; programs call more than people, and weekends are quiet.
 */
export async function addUses({ owner, today }: Past, uses: readonly Uses[]): Promise<void> {
  await sql`
    insert into token_uses (token_id, organization_id, day, count)
    select t.id, t.organization_id, d::date,
      (case when a.kind = 'member' then 3 + abs(hashtext(u."place" || '/' || d::date)) % 40
        else 150 + abs(hashtext(u."place" || '/' || d::date)) % 900 end)
        / (case when extract(isodow from d) > 5 then 4 else 1 end) + 1
    from jsonb_to_recordset(${JSON.stringify(uses)}::jsonb) u("tokenId" text, "place" integer, "lastDaysAgo" integer)
    join tokens t on t.id = u."tokenId" join accounts a on a.id = t.account_id
    join generate_series(${new Date(today - 89 * dayMs)}::timestamptz, ${new Date(today - dayMs)}::timestamptz, '1 day') d
      on d > t.created_at and (t.expires_at is null or d < t.expires_at)
      and d <= ${new Date(today)}::timestamptz - u."lastDaysAgo" * interval '1 day'`.execute(owner)
  await sql`
    insert into token_last_uses (token_id, organization_id, last_used_at)
    select u.token_id, u.organization_id,
      case when max(u.day) < ${new Date(today - dayMs)}::date then max(u.day)::timestamptz + interval '15 hours'
        else now() - (abs(hashtext(u.token_id)) % 300) * interval '1 minute' end
    from token_uses u group by u.token_id, u.organization_id`.execute(owner)
}
