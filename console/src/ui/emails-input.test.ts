import { expect, test } from 'vitest'
import { looksLikeEmail, readAddresses } from './emails-input'

test.each([
  ['ada@example.com, grace@example.com', ['ada@example.com', 'grace@example.com']],
  ['Ada Lovelace <ada@example.com>', ['ada@example.com']],
  ['Doe, Jane <jane@example.com>; Smith, Bob <bob@example.com>', ['jane@example.com', 'bob@example.com']],
  ['"Doe, Jane" <jane@example.com>, "Smith; \\"Bob\\"" <bob@example.com>', ['jane@example.com', 'bob@example.com']],
  ['Doe, Jane <jane@example.com>\nSmith, Bob <bob@example.com>', ['jane@example.com', 'bob@example.com']],
  [
    'ada@example.com; Grace Hopper <grace@example.com> mary@example.com',
    ['ada@example.com', 'grace@example.com', 'mary@example.com'],
  ],
  ['not-an-address, ada@example.com', ['not-an-address', 'ada@example.com']],
])('%s', (text, addresses) => {
  expect(readAddresses(text)).toEqual(addresses)
})

test.each(['r&d@example.com', 'first/last@example.com', 'a=b@example.com', 'Müller@BÜCHER.example', '用户@例子.公司'])(
  '%s is taken as an address',
  (text) => expect(looksLikeEmail(text)).toBe(true),
)

test.each(['ada', 'ada@example', 'a..b@example.com', 'ada@example..com', 'ada@-example.com', 'ada\u200b@example.com'])(
  '%j is marked as none, as the server would',
  (text) => expect(looksLikeEmail(text)).toBe(false),
)
