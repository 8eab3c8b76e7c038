import { expect, test } from 'vitest'
import { readOptions, type VerifierOptions } from './options.ts'

const given = { url: 'https://portcullis.example', key: 'a resource key of thirty-two or more characters' }

test('what is left out has a default, and the name is one that the server takes', () => {
  const { name, ...options } = readOptions(given)
  expect(name).toMatch(/^[\w.:@/-]{1,100}$/)
  expect(options).toEqual({ ...given, outageMs: 0, maxTokens: 100_000, timeoutMs: 2_000, fetch: globalThis.fetch })
})

test.each([
  ['https://portcullis.example/', 'https://portcullis.example'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ['https://example.com/portcullis/', 'https://example.com/portcullis'],
])('%s is asked at %s', (url, at) => {
  expect(readOptions({ ...given, url }).url).toBe(at)
})

test.each<[string, Record<string, unknown>]>([
  ['url', { url: undefined }],
  ['url', { url: 'portcullis.example' }],
  ['url', { url: 'ftp://portcullis.example' }],
  ['url', { url: 'https://user:password@portcullis.example' }],
  ['url', { url: 'https://portcullis.example/?a=b' }],
  ['key', { key: '' }],
  ['key', { key: undefined }],
  ['key', { key: 'with\na line end' }],
  ['key', { key: ' with spaces around ' }],
  ['key', { key: 'schlüssel' }],
  ['name', { name: 'with spaces in it' }],
  ['name', { name: 'x'.repeat(101) }],
  ['outageMs', { outageMs: null }],
  ['maxTokens', { maxTokens: null }],
  ['timeoutMs', { timeoutMs: null }],
  ['fetch', { fetch: null }],
  ['name', { name: null }],
  ['onMetric', { onMetric: null }],
  ['outageMs', { outageMs: -1 }],
  ['outageMs', { outageMs: 300_001 }],
  ['outageMs', { outageMs: 1.5 }],
  ['outageMs', { outageMs: '30' }],
  ['maxTokens', { maxTokens: 0 }],
  ['maxTokens', { maxTokens: Number.POSITIVE_INFINITY }],
  ['timeoutMs', { timeoutMs: 1 }],
  ['fetch', { fetch: 'fetch' }],
  ['onMetric', { onMetric: {} }],
  ['outtageMs', { outtageMs: 1 }],
])('a wrong %s is named: %j', (name, wrong) => {
  expect(() => readOptions({ ...given, ...wrong } as VerifierOptions)).toThrow(name)
})

test.each<[string, Record<string, unknown>]>([
  ['key is missing: give a resource key', { key: undefined }],
  ['key is missing: give a resource key', { key: '' }],
  ['url is missing: give the address', { url: undefined }],
  ['url is missing: give the address', { url: '' }],
])('%s, as when an environment variable is not set: %j', (message, wrong) => {
  expect(() => readOptions({ ...given, ...wrong } as VerifierOptions)).toThrow(message)
})

test('the key is in no message', () => {
  for (const key of ['sécret-key', ' secret-key'])
    expect(() => readOptions({ ...given, key })).toThrow(/^((?!cret-key).)*$/)
})
