import { expect, test } from 'vitest'
import { subjectIn } from './token-subject'
import { duration, whoLosesAccess } from './words'

test.each([
  [0, '0 seconds'],
  [1, '1 second'],
  [30, '30 seconds'],
  [60, '60 seconds'],
  [90, '90 seconds'],
  [600, '10 minutes'],
  [86_400, '24 hours'],
  [172_800, '2 days'],
  [31_536_000, '365 days'],
])('%i seconds read %s', (seconds, said) => expect(duration(seconds)).toBe(said))

test.each([
  [0, 'No account is mapped to it, so nobody loses access.'],
  [1, '1 account mapping loses access to the API.'],
  [3, '3 account mappings lose access to the API.'],
])('what refusing its tokens means with %i mappings', (count, said) => expect(whoLosesAccess(count)).toBe(said))

const tokenOf = (claims: string) => `x.${Buffer.from(claims).toString('base64url')}.x`

test('the subject of a token is read for the form alone: garbage gives none, and nothing is thrown', () => {
  expect(subjectIn(tokenOf('{"sub":"Zoë/→+?"}'), 'sub')).toBe('Zoë/→+?')
  expect(subjectIn(tokenOf('{"sub":"a","client":"b"}'), 'client')).toBe('b')
  for (const bad of ['', 'x', 'x.%.x', tokenOf('nonsense'), tokenOf('null'), tokenOf('{"sub":7}'), tokenOf('{}')])
    expect(subjectIn(bad, 'sub')).toBeUndefined()
})
