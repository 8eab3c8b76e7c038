import { clockMs } from './paced.ts'
import { admin } from './processes.ts'

/**
 * The console's view of a running Portcullis: signed in as the admin of the first start. Clients of several processes
 * that save in turn share the settings' versions (`etags`).
 */
export async function signIn(port: number, etags = new Map<string, string>()) {
  const url = `http://127.0.0.1:${port}`
  const headers: Record<string, string> = { 'content-type': 'application/json', origin: url }
  const call = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, ...more },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answeredAtMs = clockMs()
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return { etag: response.headers.get('etag') ?? '', cookies: response.headers.getSetCookie(), text, answeredAtMs }
  }
  const { email, password } = admin
  const { cookies } = await call('POST', '/api/auth/sign-in/email', { email, password })
  headers.cookie = cookies.map((it) => it.split(';')[0]).join('; ')
  const me = JSON.parse((await call('GET', '/api/v1/me')).text) as { organizations: { id: string; name: string }[] }
  const path = (organizationId: string) => `/api/v1/organizations/${organizationId}/settings`
  return {
    organizations: me.organizations,
    /** Saves the setting; the version comes from the save before. */
    save: async (organizationId: string, creation: 'all' | 'none') => {
      const known = etags.get(organizationId) ?? (await call('GET', path(organizationId))).etag
      const saved = await call('PUT', path(organizationId), { apiTokens: { creation } }, { 'if-match': known })
      etags.set(organizationId, saved.etag)
      return { answeredAtMs: saved.answeredAtMs }
    },
    /** Turns preview features on. */
    choose: async (organizationId: string, enabled: readonly string[]) => {
      const at = `/api/v1/organizations/${organizationId}/preview-features`
      await call('PUT', at, { enabled }, { 'if-match': (await call('GET', at)).etag })
    },
    impact: async (organizationId: string) =>
      call('POST', `${path(organizationId)}/impact`, { apiTokens: { creation: 'none' } }),
  }
}
