import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isInstalled, proxies, type Running, runApi, runProxy } from '../examples/running.ts'
import { startAuthorizationServer } from './authorization-server.ts'
import { useProduct } from './harness.ts'
import type { Organization } from './people.ts'
import { copied, eventually, notice, openMenu, openSettings } from './steps.ts'

const product = useProduct({ configured: { PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1' } })
const audience = 'https://hub.example.com'
const program = 'nightly-import'

let idp: Awaited<ReturnType<typeof startAuthorizationServer>>
let api: Running
let nginx: Running | undefined
beforeAll(async () => {
  idp = await startAuthorizationServer([program])
  api = await runApi()
  const ports = { portcullis: Number(new URL(product.url).port), api: api.port }
  nginx = isInstalled(proxies.nginx) ? await runProxy(proxies.nginx, ports) : undefined
})
afterAll(async () => {
  await nginx?.stop()
  await api?.stop()
  await idp?.stop()
})

/** What a token opens at this moment: introspection, an API behind nginx, and the management API. */
async function doors(token: string) {
  const { active, reason } = await product.introspect(token)
  const behind = nginx && (await fetch(`http://127.0.0.1:${nginx.port}/v1/hello`, bearer(token)))
  await behind?.arrayBuffer()
  const { status } = await product.withToken(token)('GET', '/api/v1/me')
  return [active ? 'active' : reason, behind?.status ?? 'no nginx here', status]
}
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const opened = () => ['active', nginx ? 200 : 'no nginx here', 200]
const refused = (reason: string) => [reason, nginx ? 401 : 'no nginx here', 401]

async function addProvider(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add provider', exact: true }).first().click()
  const dialog = page.getByRole('dialog')
  const next = () => dialog.getByRole('button', { name: 'Next', exact: true }).click()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Partner sign-on')
  await dialog.getByRole('textbox', { name: 'Issuer' }).fill(idp.issuer)
  await dialog.getByRole('button', { name: 'Find', exact: true }).click()
  await eventually(() => dialog.getByRole('textbox', { name: 'JWKS URL' }).inputValue()).toBe(`${idp.issuer}/jwks`)
  await next()
  await dialog.getByRole('textbox', { name: 'Audiences' }).fill(audience)
  await page.keyboard.press('Enter')
  await next()
  await dialog.getByRole('textbox', { name: 'Subject claim' }).waitFor()
  // Proposed for new providers; the tokens of this one name no role. (E5)
  const requireScope = dialog.getByRole('checkbox', { name: 'Require a role in the scope' })
  expect(await requireScope.isChecked()).toBe(true)
  await requireScope.uncheck()
  await next()
  await dialog.getByText(audience).waitFor()
  await dialog.getByRole('button', { name: 'Add provider', exact: true }).click()
  await notice(page, 'Provider added').waitFor()
}

/** Answers its first token, a managed one. */
async function addServiceAccount(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Add service account' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Add service account' })
  await dialog.getByRole('textbox', { name: 'Display name' }).fill('Nightly import')
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  const first = page.getByRole('dialog', { name: 'Its first token' })
  await first.getByRole('textbox', { name: 'Name' }).fill('First')
  await first.getByRole('button', { name: 'Create token' }).click()
  const shown = page.getByRole('dialog', { name: 'Your new token' })
  await shown.getByRole('button', { name: 'Copy token' }).click()
  await eventually(() => copied(page)).toMatch(/^pcs_/)
  await shown.getByRole('button', { name: 'Done' }).click()
  return copied(page)
}

async function addMapping(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add mapping', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Add mapping' })
  await dialog.getByRole('combobox', { name: 'OAuth provider' }).selectOption('Partner sign-on')
  await dialog.getByRole('textbox', { name: 'Subject' }).fill(program)
  await dialog.getByRole('button', { name: 'Add mapping', exact: true }).click()
  await notice(page, 'Mapping added').waitFor()
}

/** Clears the one checkbox that cuts every managed token off (P2), and waits for what that would do. */
async function chooseNoMembers(page: Page, org: Organization) {
  const dialog = await openSettings(page, org.name)
  await dialog.getByRole('checkbox', { name: 'Allow members to create API tokens', exact: true }).uncheck()
  await dialog
    .getByText(/1 token/)
    .first()
    .waitFor()
  return { dialog, warning: dialog.getByText(/No account is mapped at an enabled OAuth provider/) }
}

async function saveNoMembers(page: Page, org: Organization): Promise<void> {
  const { dialog, warning } = await chooseNoMembers(page, org)
  expect(await warning.count()).toBe(0)
  await dialog.getByRole('button', { name: 'Save changes', exact: true }).click()
  await notice(page, /1 token suspended/).waitFor()
}

const leftOut = isInstalled(proxies.nginx) ? '' : ' (nginx LEFT OUT, it is not installed here)'

describe(`tokens of a foreign authorization server${leftOut}`, () => {
  test('registered and mapped in the console they are the only way in, until anything of it is taken away', async () => {
    const org = await product.newOrganization()
    const tab = `/o/${org.slug}/settings/organization`
    const { page } = await product.visit(`${tab}/oauth-providers`, { as: org.admin })
    const token = await idp.accessToken(program, audience)
    expect(await doors(token)).toEqual(refused('untrusted_issuer'))

    await addProvider(page)
    const providerPage = page.url()
    expect(await doors(token)).toEqual(refused('unmapped_subject'))
    await page.goto(`${tab}/service-accounts`)
    const managed = await addServiceAccount(page)
    // P9: as long as nobody is mapped, an admin is warned that nothing would be able to call the API.
    const { dialog, warning } = await chooseNoMembers(page, org)
    await warning.waitFor()
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.goto(`${tab}/service-accounts`)
    await page.getByRole('link', { name: 'Nightly import' }).click()
    await addMapping(page)
    const accountPage = page.url()
    expect([await doors(managed), await doors(token)]).toEqual([opened(), opened()])

    // No members: the managed token is refused, the external one is not.
    await saveNoMembers(page, org)
    expect([await doors(managed), await doors(token)]).toEqual([refused('suspended'), opened()])
    await whoItIs(token, org)

    // Disabled, and enabled again.
    await page.goto(providerPage)
    await openMenu(page, 'Actions for Partner sign-on', 'Disable')
    await page.getByRole('dialog').getByRole('button', { name: 'Disable', exact: true }).click()
    await notice(page, 'Provider disabled').waitFor()
    expect(await doors(token)).toEqual(refused('provider_disabled'))
    await openMenu(page, 'Actions for Partner sign-on', 'Enable')
    await page.getByRole('dialog').getByRole('button', { name: 'Enable', exact: true }).click()
    await notice(page, 'Provider enabled').waitFor()
    expect(await doors(token)).toEqual(opened())

    // The key that signed it leaves the provider's set.
    idp.rotateKey()
    await openMenu(page, 'Actions for Partner sign-on', 'Refresh keys')
    await notice(page, '1 key fetched').waitFor()
    expect(await doors(token)).toEqual(refused('invalid_signature'))
    const next = await idp.accessToken(program, audience)
    expect(await doors(next)).toEqual(opened())

    // The mapping is deleted, and made again.
    await page.goto(accountPage)
    await openMenu(page, 'Actions for the mapping at Partner sign-on', 'Delete mapping')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete mapping', exact: true }).click()
    await notice(page, 'Mapping deleted').waitFor()
    expect(await doors(next)).toEqual(refused('unmapped_subject'))
    await addMapping(page)
    expect(await doors(next)).toEqual(opened())

    // The account is removed, and its mapping with it.
    await openMenu(page, 'Actions for Nightly import', 'Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await notice(page, 'Service account deleted').waitFor()
    expect([await doors(next), await doors(managed)]).toEqual([refused('unmapped_subject'), refused('owner_removed')])
  })
})

/** The three doors agree on who calls; the organization may be named, and another one's name opens nothing. */
async function whoItIs(token: string, org: Organization): Promise<void> {
  const { body } = await product.withToken(token)('GET', '/api/v1/me')
  expect(body).toMatchObject({ account: { kind: 'service_account', name: 'Nightly import' } })
  expect(body.organizations).toMatchObject([{ id: org.id, role: 'member' }])
  expect(await product.introspect(token)).toMatchObject({
    active: true,
    sub: program,
    iss: idp.issuer,
    account_id: body.account.id,
    organization_id: org.id,
    token_source: 'external',
  })
  const other = await product.newOrganization()
  const named = async (id: string) =>
    (await product.withToken(token)('GET', '/api/v1/me', undefined, { 'ib-context': id })).status
  expect([await named(org.id), await named(other.id)]).toEqual([200, 401])
  if (!nginx) return
  const answer = await fetch(`http://127.0.0.1:${nginx.port}/v1/hello`, bearer(token))
  expect(await answer.json()).toMatchObject({
    caller: { organization: org.id, account: body.account.id, kind: 'service_account', role: 'member', token: '' },
  })
}
