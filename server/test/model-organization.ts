import { expect } from 'vitest'
import type { As, Harness } from './harness.ts'
import { identityProvider, signers } from './identity-provider.ts'
import type { Listening } from './listen.ts'
import type { ModelSetting } from './model.ts'
import { people, services } from './model-steps.ts'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared with the model's.
  body: any
}

/** Keys with which a provider's tokens may be signed. */
export const bothKeys = [signers.first, signers.second] as const

/** The organization of a sequence, as it is asked over HTTP: by the admin or by others, each time of the next server. */
export async function modelOrganization(it: Harness, servers: readonly Listening[]) {
  const first = servers[0]!
  let turn = 0
  let answered = first
  const org = await it.newOrganization()
  const idp = await identityProvider(() => it.clock.now)
  const registered = await org.newProvider(idp, { maxLifetime: 365 * 24 * 60 * 60, clockTolerance: 0 })
  const { roles } = (await it.call('GET', org.path, { as: org.admin })).body as {
    roles: { id: string; name: string }[]
  }
  const persons = await Promise.all(Array.from({ length: people }, () => org.newMember()))
  const groupIds = [await org.newGroup(), await org.newGroup(), await org.newGroup()]
  const ids: string[] = persons.map((person) => person.accountId)
  for (let i = 0; i < services; i += 1) ids.push(await org.newServiceAccount())
  /** The ids of the mappings by account. */
  const mappings = new Map<number, string>()

  const ask = (method: string, path: string, as: As, body?: unknown, headers = {}): Promise<Answer> => {
    answered = servers[turn % servers.length]!
    turn += 1
    return answered.call(method, `${org.path}${path}`, { as, body, headers })
  }

  const rejoin = async (i: number) => {
    if (i >= people) {
      ids[i] = await org.newServiceAccount()
      return
    }
    const person = persons[i]!
    const invited = await ask('POST', '/invitations', org.admin, { emails: [person.email], role: 'member' })
    const { accountId, acceptUrl } = invited.body.invitations[0]
    const secret = acceptUrl.split('/').at(-1)
    const accepted = await first.call('POST', `/api/v1/invitations/${secret}/accept`, { as: person, body: {} })
    expect(accepted.status).toBe(200)
    ids[i] = accountId
  }

  const resource = (i: number) => (i < people ? 'members' : 'service-accounts')
  const changeRole = (i: number, to: 'admin' | 'member') =>
    ask('PATCH', `/${resource(i)}/${ids[i]}`, org.admin, { role: to })

  const save = async (as: As, wanted: ModelSetting) => {
    const { version } = (await ask('GET', '/settings', org.admin)).body
    const apiTokens = {
      creation: wanted.creation,
      groupIds: wanted.groups.map((g) => groupIds[g]),
      suspendOutsideGroups: wanted.suspendOutside,
    }
    return ask('PUT', '/settings', as, { apiTokens }, { 'if-match': `"${version}"` })
  }

  const map = async (i: number, isMapped: boolean) => {
    const id = mappings.get(i)
    if (isMapped) {
      const wanted = { accountId: ids[i], providerId: registered, subject: `subject ${i}` }
      const answer = await ask('POST', '/account-mappings', org.admin, wanted)
      if (answer.status === 201) mappings.set(i, answer.body.id)
      return answer
    }
    mappings.delete(i)
    return ask('DELETE', `/account-mappings/${id ?? 'map_00000000000000000000000000'}`, org.admin)
  }
  const provide = ({ enabled, requiresScope }: { enabled: boolean; requiresScope: boolean }) =>
    ask('PATCH', `/oauth-providers/${registered}`, org.admin, { enabled, requireScope: requiresScope })
  const publish = async (listed: readonly number[]): Promise<Answer> => {
    idp.state.keys = listed.map((i) => bothKeys[i]!)
    const answer = await ask('POST', `/oauth-providers/${registered}/refresh-keys`, org.admin)
    // Else the model would be compared with keys that were never fetched.
    expect(answer.body.keys).toMatchObject({ count: listed.length, lastError: null })
    return answer
  }

  return {
    admin: org.admin,
    idp,
    roles,
    persons,
    groupIds,
    ids,
    mappings,
    ask,
    /** Who answered last. */
    lastAsked: () => answered,
    rejoin,
    resource,
    changeRole,
    save,
    map,
    provide,
    publish,
  }
}
