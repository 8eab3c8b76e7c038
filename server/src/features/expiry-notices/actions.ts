import type { Deps } from '../../db/deps.ts'
import type { Mail } from '../../kernel/deps.ts'
import { adminMail, type Due, dayOf, dueNotice, type Expiring, lastOfInterest, ownerMail } from './rules.ts'
import { listAdmins } from './store.ts'

const batch = 500
/** After so many failures in a row the mail server is taken to be away, and what was not taken yet waits for the next sweep. */
const mostFailures = 3

type Sweeping = Pick<Deps, 'now' | 'read' | 'lookups' | 'outbox' | 'instance'>

/**
 * Tells owners (and, for service accounts, the admins once a day) of tokens that expire soon. Each notice is taken by a
 * committed row before its mail leaves: at most once, whatever fails or stops in between, and by one process of several.
 * A mail that fails is lost and logged by the outbox; it holds no other up. `stopping` ends the sweep between two mails.
 */
export async function tellExpirations(deps: Sweeping, stopping: () => boolean): Promise<void> {
  if (!deps.outbox.configured) return
  let failures = 0
  const goesOn = () => failures < mostFailures && !stopping()
  const send = async (mail: Mail) => {
    failures = await deps.outbox.send(mail).then(
      () => 0,
      () => failures + 1,
    )
  }
  const collected = new Map<string, Due[]>()
  for await (const token of expiringTokens(deps, goesOn)) {
    const due = dueNotice(token, deps.now())
    if (!due) continue
    if (token.kind === 'service_account') {
      const others = collected.get(token.organizationId)
      if (others) others.push(due)
      else collected.set(token.organizationId, [due])
      continue
    }
    const [claimed] = await deps.lookups.claimExpiryNotices([due], deps.now())
    if (claimed?.email) await send(ownerMail(deps.instance, { ...claimed, email: claimed.email }))
  }
  for (const [organizationId, due] of collected) {
    if (!goesOn()) return
    for (const mail of await digestOf(deps, organizationId, due)) await send(mail)
  }
}

/** All tokens that may be due, read a batch at a time. */
async function* expiringTokens(deps: Sweeping, goesOn: () => boolean): AsyncGenerator<Expiring> {
  const after = deps.now()
  let page: Expiring[] = []
  do {
    page = await deps.lookups.expiringTokens({ after, until: lastOfInterest(after), seen: page.at(-1) }, batch)
    for (const token of page) {
      if (!goesOn()) return
      yield token
    }
  } while (page.length === batch)
}

/** The mails to an organization's admins, once its day is taken; none when another sweep has it. */
async function digestOf(deps: Sweeping, organizationId: string, due: readonly Due[]): Promise<Mail[]> {
  const at = deps.now()
  const admins = await deps.read(organizationId, listAdmins)
  const [first, ...others] = await deps.lookups.claimExpiryNotices(due, at, { organizationId, day: dayOf(at) })
  return first ? admins.map((admin) => adminMail(deps.instance, admin, [first, ...others])) : []
}
