import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AllowedHosts, isGlobal, mayConnect, noAllowedHosts, readAllowedHosts, targetOf } from './addresses.ts'

const allow = (...entries: string[]): AllowedHosts => {
  const read = readAllowedHosts(entries)
  if ('wrong' in read) throw new Error(read.wrong)
  return read
}

/** Hosts as an attacker spells addresses that are not globally reachable. */
const spellings = [
  ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '017700000001'],
  ...['0x7f.1', '127.0.0.1.', '127.255.255.254', '１２７.０.０.１', '127。0。0。1', '%31%32%37.0.0.1', '①②⑦.⓪.⓪.①'],
  ...['0', '0.0.0.0', '0x0', '0.0.0.1', '10.0.0.1', '10.1', '167772161', '0xa000001', '012.0.0.1', '172.16.0.1'],
  ...['172.31.255.255', '192.168.0.1', '192.168.1', '3232235521', '169.254.169.254', '2852039166', '0xa9fea9fe'],
  ...['0251.0376.0251.0376', '169.254.43518', '100.64.0.1', '100.100.100.200', '192.0.0.192', '192.0.2.1'],
  ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['168.63.129.16', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::127.0.0.1]', '[::7f00:1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:0:127.0.0.1]', '[::FFFF:A9FE:A9FE]', '[64:ff9b::127.0.0.1]'],
  ...['[64:ff9b::a9fe:a9fe]', '[64:ff9b::8.8.8.8]', '[64:ff9b:1::10.0.0.1]', '[64:ff9b:1:fffe::1]', '[2002:7f00:1::]'],
  ...['[2002:a9fe:a9fe::1]', '[2001::1]', '[2001:0:4136:e378:8000:63bf:3fff:fdd2]', '[fe80::1]', '[fec0::1]'],
  ...['[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[100::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]', '[4000::1]'],
  ...['[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[::8.8.8.8]', '[::ffff:8.8.8.8]'],
]

describe('E7: addresses that are not globally reachable', () => {
  test(`${spellings.length} spellings, all of them different`, () => {
    expect(spellings.length).toBeGreaterThanOrEqual(40)
    expect(new Set(spellings).size).toBe(spellings.length)
  })

  test.each(spellings)('https://%s/ is refused as a literal', (host) => {
    expect(URL.canParse(`https://${host}/`)).toBe(true)
    expect(targetOf(`https://${host}/jwks`, noAllowedHosts)).toBeUndefined()
    expect(targetOf(`https://${host}:8443/jwks`, noAllowedHosts)).toBeUndefined()
  })

  test.each(spellings)('%s is refused as an answer of DNS', (host) => {
    const address = new URL(`https://${host}/`).hostname.replace(/[[\]]/g, '')
    expect(mayConnect(address, noAllowedHosts)).toBe(false)
  })

  test('what DNS should never answer is refused', () => {
    for (const it of ['', 'localhost', '127.1', '0x7f000001', 'fe80::1%eth0', '::1%lo', '8.8.8.8 ', '8.8.8.8/32', '1'])
      expect([it, mayConnect(it, noAllowedHosts)]).toEqual([it, false])
  })

  test('every IPv4 address inside the ranges that embed one is refused, whichever it is', () => {
    const prefixes = ['::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::']
    fc.assert(fc.property(fc.ipV4(), fc.constantFrom(...prefixes), (inner, prefix) => !isGlobal(`${prefix}${inner}`)))
  })
})

test.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '[2606:4700::1111]', '[2a00:1450:4001::1]'])(
  '%s is reachable by all',
  (host) => expect(targetOf(`https://${host}/`, noAllowedHosts)).toBeDefined(),
)

test.each([
  'http://idp.example/jwks',
  'ftp://idp.example/',
  'file:///etc/passwd',
  'data:application/json,{}',
  'gopher://idp.example',
  'https://user@idp.example/',
  'https://user:pw@idp.example/',
  'https://8.8.8.8@127.0.0.1/',
  'https://idp.example/#x',
  'https://',
  '//idp.example',
  'javascript:1',
  `https://idp.example/${'x'.repeat(2048)}`,
])('%s is no address to fetch', (url) => expect(targetOf(url, noAllowedHosts)).toBeUndefined())

describe('the operator’s list', () => {
  const allowed = allow('idp.internal', '10.1.0.0/16', 'fd00:1::/32', '127.0.0.1')

  test.each([
    ['http://idp.internal:8080/jwks', true],
    ['https://IDP.internal/jwks', true],
    ['http://10.1.2.3/', true],
    ['http://[fd00:1::9]/', true],
    ['http://127.0.0.1:1/', true],
    ['http://10.2.0.1/', false],
    ['https://10.2.0.1/', false],
    ['http://other.internal/', false],
    ['http://idp.internal.evil.example/', false],
    ['http://evil-idp.internal/', false],
    ['https://127.0.0.2/', false],
  ])('%s: %s', (url, fetched) => expect(targetOf(url, allowed) !== undefined).toBe(fetched))

  test('names and networks are told apart, and what is neither is named', () => {
    expect(allow('a.example').names.has('a.example')).toBe(true)
    for (const wrong of ['http://x', 'a b', '10.0.0.0/33', '1.2.3', '::/129', 'a/8', '', '*.example'])
      expect(readAllowedHosts(['ok.example', wrong])).toEqual({ wrong })
  })
})
