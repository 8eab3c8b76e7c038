import { expect } from 'vitest'
import { commandContext } from '../src/cli/context.ts'
import { dispatch } from '../src/cli/dispatch.ts'
import { commands } from '../src/cli/registry.ts'
import type { As, Harness } from './harness.ts'
import { password } from './harness.ts'
import { codeOf, cookiesOf, freshSession } from './sign-in.ts'

type Organization = Pick<Awaited<ReturnType<Harness['newOrganization']>>, 'path' | 'admin'>

/** The secret of the link in a text. */
export const secretOf = (text: string): string => /\/invitations\/([\w-]{43})/.exec(text)?.[1] ?? ''

/** The secret of the latest invitation that was mailed to an address. */
export const mailedSecret = async (app: Harness, email: string): Promise<string> =>
  secretOf(app.sent.filter(({ to, text }) => to === email && text.includes('/invitations/')).at(-1)?.text ?? '')

/** Each secret asks from an address of its own, since failures of one address are counted together. */
const clientOf = (secret: string) => `192.0.2.${(secret.codePointAt(3) ?? 0) % 250}`

/** What people, admins and operators do about invitations and sign-in, over HTTP and by commands. */
export function createPeopleTester(app: Harness) {
  const ask = (method: string, secret: string, path: string, body?: object, as?: As) =>
    app.call(method, `/api/v1/invitations/${secret}${path}`, {
      as,
      body,
      headers: { 'x-portcullis-client': clientOf(secret) },
    })
  const invite = (organization: Organization, email: string, role = 'member') =>
    app.call('POST', `${organization.path}/invitations`, { as: organization.admin, body: { emails: [email], role } })

  return {
    invite,
    inviteShown: async (organization: Organization, email: string, role?: string): Promise<string> => {
      const { body } = await invite(organization, email, role)
      return secretOf(body.invitations[0].acceptUrl)
    },
    /** Sends every open invitation of an organization again. */
    resendAll: async (organization: Organization): Promise<void> => {
      const { body } = await app.call('GET', `${organization.path}/members?status=invited`, { as: organization.admin })
      for (const { invitation } of body.items) {
        const path = `${organization.path}/invitations/${invitation.id}/resend`
        expect((await app.call('POST', path, { as: organization.admin })).status).toBe(200)
      }
    },
    look: (secret: string) => ask('GET', secret, ''),
    accept: (secret: string, body: object, as?: As) => ask('POST', secret, '/accept', body, as),
    startAfresh: (secret: string) => ask('POST', secret, '/fresh-start', {}),
    /** Turns a second factor on, as the person who is signed in. */
    enableSecondFactor: async ({ email }: { email: string }, secret = password): Promise<string> => {
      const as = await freshSession(app, email, secret)
      const begun = await app.call('POST', '/api/auth/two-factor/enable', { as, body: { password: secret } })
      const code = codeOf(begun.body.totpURI)
      const done = await app.call('POST', '/api/auth/two-factor/verify-totp', { as, body: { code } })
      expect(done.status).toBe(200)
      return cookiesOf(done.headers) || as.cookie
    },
    /** Runs a command of the operator inside this instance. */
    runCommand: async (name: string, args: Record<string, unknown>) => {
      const lines: string[] = []
      const context = commandContext(app, app.database, 'the database of the tests')
      const outcome = await dispatch(commands, context, { name, args }, (line) => void lines.push(line))
      return { ...outcome, printed: lines.join('\n') }
    },
  }
}
