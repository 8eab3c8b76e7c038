import { expect, test, vi } from 'vitest'
import { mostAtOnce } from '../src/http/crowd.ts'
import { describeOnBoth } from './databases.ts'
import { harness, publicUrl } from './harness.ts'

vi.setConfig({ testTimeout: 60_000 })

/* P11: whoever holds a leaked token of an admin must not keep that admin, in the console, from suspending it. */
describeOnBoth('a leaked token does not use up what its account needs to stop it', (open) => {
  test('the ration of changes that stop something', async () => {
    const app = await harness(await open(), { changesPerMinute: 10 })
    const org = await app.newOrganization()
    const leaked = await org.newToken()
    const flood = async () => {
      const absent = `${org.path}/tokens/tok_01k7nn0000e0080000000000aa`
      return (await app.call('DELETE', absent, { as: { token: leaked.secret } })).status
    }
    const statuses = await Promise.all(Array.from({ length: 12 }, flood))
    expect(statuses).toContain(429)
    expect(await org.setCreation({ creation: 'none' })).toMatchObject({ status: 200 })
    expect(await flood()).toBe(401)
  })

  test('the requests of an account at once', async () => {
    const app = await harness(await open())
    const org = await app.newOrganization()
    const leaked = await org.newToken()
    const senders: ReadableStreamDefaultController[] = []
    const sendHeadersAlone = () =>
      app.router.request(new URL(`${org.path}/tokens`, publicUrl), {
        method: 'POST',
        headers: { authorization: `Bearer ${leaked.secret}`, 'content-type': 'application/json' },
        body: new ReadableStream({ start: (sender) => void senders.push(sender) }),
        duplex: 'half',
      } as RequestInit)
    const waiting = Array.from({ length: mostAtOnce.account + 5 }, sendHeadersAlone)
    await vi.waitFor(async () => {
      const asked = await app.call('GET', `${org.path}/tokens`, { as: { token: leaked.secret } })
      expect(asked.status).toBe(429)
    })
    expect(await org.setCreation({ creation: 'none' })).toMatchObject({ status: 200 })
    for (const sender of senders) sender.close()
    await Promise.all(waiting)
  })
})
