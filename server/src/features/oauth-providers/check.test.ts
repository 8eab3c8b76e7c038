import { beforeAll, beforeEach, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { identityProvider, signers } from '../../../test/identity-provider.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>
interface Check {
  name: string
  passed: boolean
  detail: string
}

describeOnBoth('checking a token (E8)', (open) => {
  let app: Harness
  let idp: Awaited<ReturnType<typeof identityProvider>>
  let acme: Organization
  let provider: string
  let robot: string
  let roles: Record<'admin' | 'member', string>

  beforeAll(async () => {
    app = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
  })
  beforeEach(async () => {
    idp = await identityProvider(() => app.clock.now)
    acme = await app.newOrganization()
    const body = { name: 'Okta', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: ['api'] }
    provider = (await app.call('POST', `${acme.path}/oauth-providers`, { as: acme.admin, body })).body.id
    robot = await acme.newServiceAccount('member', 'Robot')
    await map(robot, 'robot')
    const told = (await app.call('GET', acme.path, { as: acme.admin })).body.roles
    roles = Object.fromEntries(told.map((it: { id: string; name: string }) => [it.name, it.id])) as typeof roles
    return () => idp.close()
  })

  const map = (accountId: string, subject: string) =>
    app.call('POST', `${acme.path}/account-mappings`, {
      as: acme.admin,
      body: { accountId, providerId: provider, subject },
    })
  const check = (token: string) =>
    app.call('POST', `${acme.path}/oauth-providers/${provider}/check`, { as: acme.admin, body: { token } })
  const patch = (body: object) =>
    app.call('PATCH', `${acme.path}/oauth-providers/${provider}`, { as: acme.admin, body })
  const failed = async (token: string) => {
    const { body } = await check(token)
    expect(body.accepted).toBe(body.checks.every((it: Check) => it.passed))
    return body.checks.filter((it: Check) => !it.passed).map((it: Check) => it.name)
  }

  test('200: a good token passes every check, with the account that it maps to and the role that it acts with', async () => {
    const { status, body } = await check(idp.token())
    expect([status, body.accepted]).toEqual([200, true])
    expect(body.account).toEqual({ id: robot, kind: 'service_account', name: 'Robot' })
    expect(body.role).toBe('member')
    expect(body.checks.every((it: Check) => it.passed && it.detail === '')).toBe(true)
    expect(body.checks.map((it: Check) => it.name)).toEqual(
      expect.arrayContaining(['Size', 'Form', 'Provider', 'Keys', 'Signature', 'Issuer', 'Audience', 'Expiration']),
    )
    expect(body.checks.slice(-2).map((it: Check) => it.name)).toEqual(['Account mapping', 'Scope'])
  })

  test('200: each fault is named by its check, several at once, in words', async () => {
    expect(await failed(idp.token({}, signers.second))).toEqual(['Key'])
    expect(await failed(idp.token({}, signers.impostor))).toEqual(['Signature'])
    expect(await failed(idp.token({ aud: 'other', exp: 1 }))).toEqual(['Audience', 'Expiration'])
    expect(await failed(idp.token({ iss: `${idp.issuer}/`, cnf: {} }))).toEqual(['Issuer', 'Bound to a key'])
    expect(await failed(idp.token({ sub: 'stranger' }))).toEqual(['Account mapping'])
    expect(await failed(idp.token({ sub: 'Robot' }))).toEqual(['Account mapping'])
    const { checks } = (await check(idp.token({ aud: 'other' }))).body
    expect(checks.find((it: Check) => !it.passed).detail).toContain('Add it to the provider')
  })

  test('200: what is no token is told by its form alone, up to the limit of any body', async () => {
    for (const [token, name] of [
      ['x', 'Form'],
      ['a.b.c.d.e', 'Form'],
      [`${idp.token()}=`, 'Form'],
      [` ${idp.token()}`, 'Form'],
      ['\ud800\0', 'Form'],
      [idp.token({ pad: 'x'.repeat(17 * 1024) }), 'Size'],
      ['x'.repeat(1_000_000), 'Size'],
    ] as const) {
      const { status, body } = await check(token)
      expect([status, body.accepted, body.checks.at(-1)]).toMatchObject([200, false, { name, passed: false }])
      expect([body.account, body.role]).toEqual([undefined, undefined])
    }
    expect(await check('x'.repeat(1024 * 1024))).toMatchObject({ status: 413 })
    expect(await check('')).toMatchObject({ status: 422, body: { errors: [{ path: 'token' }] } })
  })

  test('200: the role is the highest one named that the account has (E5)', async () => {
    await map(acme.admin.accountId, 'ada')
    const roleOf = async (claims: Record<string, unknown>) => {
      const { accepted, checks, role } = (await check(idp.token(claims))).body
      return [accepted, checks.at(-1).passed, role]
    }
    expect(await roleOf({ sub: 'ada' })).toEqual([true, true, 'admin'])
    expect(await roleOf({ sub: 'ada', scope: `read ${roles.member}` })).toEqual([true, true, 'member'])
    expect(await roleOf({ sub: 'robot', scope: `${roles.admin} ${roles.member}` })).toEqual([true, true, 'member'])
    expect(await roleOf({ sub: 'robot', scope: roles.admin })).toEqual([false, false, undefined])
    const scope = (await check(idp.token({ scope: roles.admin }))).body.checks.at(-1)
    expect(scope).toMatchObject({ name: 'Scope', detail: expect.stringContaining('Correct their UUIDs') })
    await patch({ requireScope: true })
    expect(await roleOf({ sub: 'robot' })).toEqual([false, false, undefined])
    expect((await check(idp.token())).body.checks.at(-1).detail).toContain('the provider requires one')
  })

  test('200: a disabled provider, and one whose keys cannot be had, are told', async () => {
    await patch({ enabled: false })
    expect(await failed(idp.token())).toEqual(['Provider'])
    idp.state.down = true
    const other = { name: 'Down', issuer: `${idp.issuer}/down`, jwksUrl: `${idp.issuer}/no-jwks`, audiences: ['api'] }
    provider = (await app.call('POST', `${acme.path}/oauth-providers`, { as: acme.admin, body: other })).body.id
    expect(await failed(idp.token({ iss: other.issuer }))).toEqual(['Keys', 'Account mapping'])
  })

  test('200: the account is of this provider, and gone with its mapping', async () => {
    const body = { name: 'Other', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: ['other'] }
    const other = await app.call('POST', `${acme.path}/oauth-providers`, { as: acme.admin, body })
    const path = `${acme.path}/oauth-providers/${other.body.id}/check`
    const elsewhere = await app.call('POST', path, { as: acme.admin, body: { token: idp.token({ aud: 'other' }) } })
    expect(elsewhere.body).toMatchObject({ accepted: false, checks: expect.not.arrayContaining([{ name: 'Scope' }]) })
    expect(elsewhere.body.account).toBeUndefined()
    await app.call('DELETE', `${acme.path}/service-accounts/${robot}`, { as: acme.admin })
    expect(await failed(idp.token())).toEqual(['Account mapping'])
  })

  test('200: nothing of it is kept', async () => {
    await app.call('POST', `${acme.path}/oauth-providers/${provider}/refresh-keys`, { as: acme.admin })
    const before = await acme.events()
    await check(idp.token())
    await check(idp.token({ sub: 'stranger' }))
    expect(await acme.events()).toEqual(before)
  })
})
