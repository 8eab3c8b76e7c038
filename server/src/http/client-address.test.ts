import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddresses } from './client-address.ts'

const request = (peer: string, headers: Record<string, string> = {}) =>
  ({ socket: { remoteAddress: peer }, headers }) as unknown as IncomingMessage

const clientOf = clientAddresses(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'])
const through = (peer: string, forwardedFor: string) =>
  clientOf(request(peer, { 'x-forwarded-for': forwardedFor })).address

test.each([
  ['a stranger is not believed', '203.0.113.5', '1.1.1.1', '203.0.113.5'],
  ['a proxy is', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
  ['IPv4 inside IPv6 is IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
  ['a single address in the list', '192.0.2.7', '203.0.113.5', '203.0.113.5'],
  ['its neighbour is a stranger', '192.0.2.8', '203.0.113.5', '192.0.2.8'],
  ['IPv6 proxies', '2001:db8::1', '2001:4860::8888', '2001:4860::8888'],
  ['a zone is dropped', 'fe80::1%eth0', '', 'fe80::1'],
  [
    'the last stranger counts, and not what it says itself',
    '10.0.0.1',
    '1.1.1.1, 203.0.113.5, 10.2.2.2',
    '203.0.113.5',
  ],
  ['proxies all the way: the first', '10.0.0.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
  ['with a port', '10.0.0.1', '203.0.113.5:4711', '203.0.113.5'],
  ['in brackets with a port', '10.0.0.1', '[2001:4860::8888]:4711', '2001:4860::8888'],
  ['nonsense ends the walk at the one who passed it on', '10.0.0.1', '203.0.113.5, unknown, 10.2.2.2', '10.2.2.2'],
  ['an octal look-alike is nonsense', '10.0.0.1', '0177.0.0.1', '10.0.0.1'],
  ['a number is nonsense', '10.0.0.1', '2130706433', '10.0.0.1'],
  ['nothing said', '10.0.0.1', '', '10.0.0.1'],
  ['a thousand hops', '10.0.0.1', Array(1000).fill('10.9.9.9').join(','), '10.9.9.9'],
])('%s', (_what, peer, forwardedFor, expected) => {
  expect(through(peer, forwardedFor)).toBe(expected)
})

test('a socket without an address (a Unix socket, or one that is gone) has none', () => {
  expect(clientOf(request('', { 'x-forwarded-for': '203.0.113.5' }))).toEqual({
    address: null,
    secure: false,
    trustedPeer: false,
  })
})

test('the scheme is the last proxy’s word, and nobody else’s', () => {
  const secure = (peer: string, proto: string) => clientOf(request(peer, { 'x-forwarded-proto': proto })).secure
  expect(secure('10.0.0.1', 'https')).toBe(true)
  expect(secure('10.0.0.1', 'https, http')).toBe(false)
  expect(secure('203.0.113.5', 'https')).toBe(false)
})
