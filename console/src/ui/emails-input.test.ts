import { expect, test } from 'vitest'
import { readAddresses } from './emails-input'

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
