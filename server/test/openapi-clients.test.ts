import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'portcullis-clients-'))

/** A program that uses both clients as their users do; each line fails to compile when the document says too little. */
const program = `
import createFetchClient from 'openapi-fetch'
import type { paths } from './openapi-typescript.ts'
import { createToken, introspect, saveSettings } from './hey-api/index.ts'

const org = 'org_01k9x7v5c3e8tb6r2mqz4h0nds'

export async function useOpenApiFetch(): Promise<string> {
  const client = createFetchClient<paths>({ baseUrl: 'http://127.0.0.1:3000' })
  const { data, error } = await client.GET('/api/v1/organizations/{org}/settings', { params: { path: { org } } })
  if (error) return error.code === 'not_found' ? 'gone' : error.detail
  const saved = await client.PUT('/api/v1/organizations/{org}/settings', {
    params: { path: { org }, header: { 'If-Match': String(data.version), Origin: 'https://console.example' } },
    body: { apiTokens: { creation: 'groups', groupIds: [], suspendOutsideGroups: true } },
  })
  return saved.error?.code ?? saved.data?.apiTokens.creation ?? ''
}

export async function useHeyApi(): Promise<string> {
  const { data } = await introspect({ body: { token: 'pcu_EXAMPLE' }, headers: { 'IB-Context': org } })
  if (data?.reason === 'suspended') return data.organization_id ?? ''
  // @ts-expect-error The reasons are an enumeration.
  if (data?.reason === 'no_such_reason') return ''
  const created = await createToken({ path: { org }, body: { name: 'CI', expiresIn: 60 } })
  await saveSettings({ path: { org }, headers: { 'If-Match': '"7"' }, body: { apiTokens: { creation: 'none' } } })
  return created.data?.secret ?? ''
}
`

const configuration = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'ESNext',
    moduleResolution: 'bundler',
    strict: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
    paths: {
      'openapi-fetch': [join(root, 'node_modules/openapi-fetch')],
      'openapi-typescript-helpers': [join(root, 'node_modules/openapi-typescript-helpers')],
    },
  },
  include: ['**/*.ts'],
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'console/generate-test-clients.ts'), folder], {
    cwd: join(root, 'console'),
  })
  writeFileSync(join(folder, 'program.ts'), program)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the clients of two generators compile under strict, with a program that uses them', () => {
  const compile = () =>
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
  const compiled = (() => {
    try {
      return compile()
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  })()
  expect(compiled).toBe('')
})
