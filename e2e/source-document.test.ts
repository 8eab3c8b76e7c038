import { expect, test } from 'vitest'
import { useProduct } from './harness.ts'
import type { Organization, Person, Token } from './people.ts'
import { choose, eventually, notice, openMenu } from './steps.ts'

const product = useProduct()

/** Who the document speaks of: members in and out of the group, an admin, service accounts; each with a token. */
async function everybody() {
  const org = await product.newOrganization('Analytical Engines')
  const grace = await org.newMember('Grace Hopper')
  const linus = await org.newMember('Linus Pauling')
  const deploy = await org.newServiceAccount('Deploy')
  const nightly = await org.newServiceAccount('Nightly build')
  await org.newGroup('Builders', [{ id: grace.accountId }, { id: deploy.id }])
  await org.newGroup('Auditors', [{ id: linus.accountId }])
  const cast = {
    'member in the group': { as: grace },
    'member outside': { as: linus },
    'admin outside': { as: org.admin },
    'service account in the group': { as: org.admin, accountId: deploy.id },
    'service account outside': { as: org.admin, accountId: nightly.id },
  }
  const tokens: Record<string, Token> = {}
  for (const [who, { as, ...owner }] of Object.entries(cast))
    tokens[who] = await org.newToken(as, `Of the ${who}`, owner)
  return { org, cast, tokens, grace }
}
type Everybody = Awaited<ReturnType<typeof everybody>>

/** What creating a token answers to each: `created`, or the code of the refusal. */
async function creating({ org, cast }: Everybody) {
  const answers: Record<string, string> = {}
  for (const [who, { as, ...owner }] of Object.entries(cast)) {
    const { status, body } = await as.call('POST', `${org.base}/tokens`, { name: 'Another', ...owner })
    answers[who] = status === 201 ? 'created' : `${status} ${body.code}`
  }
  return answers
}

const refreshing = async (org: Organization, as: Person, { id }: Token) => {
  const { status, body } = await as.call('POST', `${org.base}/tokens/${id}/refresh`, {})
  return status === 200 ? 'refreshed' : `${status} ${body.code}`
}

/** What the existing tokens still open: introspection, forward-auth, the management API. */
async function using({ tokens }: Everybody) {
  const answers: Record<string, unknown> = {}
  for (const [who, { secret }] of Object.entries(tokens)) {
    const { active, reason } = await product.introspect(secret)
    const { status } = await product.withToken(secret)('GET', '/api/v1/me')
    answers[who] = [active ? 'active' : reason, await product.forwardAuth(secret), status]
  }
  return answers
}

const each = <Value>(them: Everybody, value: Value) =>
  Object.fromEntries(Object.keys(them.cast).map((who) => [who, value]))
const accepted = ['active', 200, 200]
const suspended = ['suspended', 401, 401]

test('limiting API token creation, as the document walks: no members, some members, all members', async () => {
  const them = await everybody()
  const { org, grace } = them
  const { page } = await product.visit('/', { as: org.admin })

  /** "In the header, click the initials icon and select Settings …" up to the dialog. */
  const openDialog = async () => {
    const initials = page.getByRole('banner').getByRole('button', { name: 'Account menu' })
    await initials.click()
    await page.getByRole('menuitem', { name: 'Settings', exact: true }).click()
    await page.getByRole('tab', { name: 'Analytical Engines', exact: true }).click()
    await openMenu(page, 'Manage', 'Update organization settings')
    const dialog = page.getByRole('dialog', { name: 'Update organization settings' })
    const allow = dialog.getByRole('checkbox', { name: 'Allow members to create API tokens', exact: true })
    await allow.waitFor()
    const save = async (says: RegExp) => {
      await dialog.getByRole('button', { name: 'Save changes', exact: true }).click()
      await dialog.waitFor({ state: 'detached' })
      await notice(page, says).waitFor()
    }
    return { dialog, allow, save }
  }
  const option = (name: string) => page.getByRole('radio', { name, exact: true })

  // By default, all members can create their own tokens.
  expect(await creating(them)).toEqual(each(them, 'created'))
  expect(await using(them)).toEqual(each(them, accepted))

  // No members: clear the checkbox.
  const none = await openDialog()
  expect(await none.allow.isChecked()).toBe(true)
  expect(await option('All members').isChecked()).toBe(true)
  await none.allow.uncheck()
  const brief = await org.newToken(grace, 'Until noon', { expiresAt: new Date(Date.now() + 5000).toISOString() })
  await none.save(/tokens suspended/)
  expect(await creating(them)).toEqual(each(them, '403 token_creation_disabled'))
  expect(await refreshing(org, grace, them.tokens['member in the group']!)).toBe('403 token_creation_disabled')
  expect(await using(them)).toEqual(each(them, suspended))
  // Time goes on while tokens are suspended.
  await eventually(() => product.introspect(brief.secret)).toMatchObject({ reason: 'expired' })

  // Some members: allow, but restrict to selected groups. Existing tokens are restored, of others too.
  const some = await openDialog()
  expect(await some.allow.isChecked()).toBe(false)
  await some.allow.check()
  await option('Selected groups').check()
  expect(await some.dialog.getByRole('button', { name: 'Save changes' }).isDisabled()).toBe(true)
  await choose(page, 'Groups', 'buil', /^Builders/)
  await some.save(/tokens restored/)
  expect(await creating(them)).toEqual({
    'member in the group': 'created',
    'member outside': '403 token_creation_restricted',
    'admin outside': '403 token_creation_restricted',
    'service account in the group': 'created',
    'service account outside': '403 token_creation_restricted',
  })
  expect(await using(them)).toEqual(each(them, accepted))
  expect(await refreshing(org, org.admin, them.tokens['admin outside']!)).toBe('403 token_creation_restricted')
  expect(await product.introspect(brief.secret)).toMatchObject({ active: false, reason: 'expired' })

  // All members.
  const all = await openDialog()
  await option('All members').check()
  await all.save(/Settings saved/)
  expect(await creating(them)).toEqual(each(them, 'created'))
  expect(await using(them)).toEqual(each(them, accepted))
  expect(await org.settings()).toMatchObject({ apiTokens: { creation: 'all' } })
})
