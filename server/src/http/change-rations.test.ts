import { expect, test } from 'vitest'
import { createChangeRations } from './change-rations.ts'

const rationsOf = (perMinute: number) => {
  const clock = { ms: 0 }
  const refused: string[] = []
  return {
    clock,
    refused,
    rations: createChangeRations(
      perMinute,
      () => clock.ms,
      (limit) => refused.push(limit),
    ),
  }
}
const take = (
  rations: ReturnType<typeof rationsOf>['rations'],
  times: number,
  account: string,
  organization?: string,
) => Array.from({ length: times }, () => rations.take({ account, organization })).filter((wait) => wait !== undefined)

test('an account has its ration in each minute, and another account its own', () => {
  const { rations, clock, refused } = rationsOf(10)
  expect(take(rations, 10, 'a', 'org')).toEqual([])
  clock.ms = 20_000
  expect(take(rations, 2, 'a', 'org')).toEqual([40, 40])
  expect(take(rations, 10, 'b', 'org')).toEqual([])
  clock.ms = 60_000
  expect(take(rations, 11, 'a', 'org')).toEqual([60])
  expect(refused).toEqual(['change', 'change', 'change'])
})

test('a day allows half an hour of full speed', () => {
  const { rations, clock } = rationsOf(10)
  for (let minute = 0; minute < 30; minute += 1) {
    clock.ms = minute * 60_000
    expect(take(rations, 10, 'a')).toEqual([])
  }
  clock.ms = 30 * 60_000
  expect(take(rations, 1, 'a')).toEqual([23.5 * 3600])
  clock.ms = 24 * 3_600_000
  expect(take(rations, 10, 'a')).toEqual([])
})

test('many accounts of one organization share five rations; a change that counts for no organization is not refused by it', () => {
  const { rations, refused } = rationsOf(10)
  for (let n = 0; n < 5; n += 1) expect(take(rations, 10, `account ${n}`, 'org')).toEqual([])
  expect(take(rations, 1, 'another', 'org')).toEqual([60])
  expect(refused).toEqual(['change_organization'])
  expect(take(rations, 1, 'another')).toEqual([])
  expect(take(rations, 1, 'another', 'other org')).toEqual([])
})

test('what is given back can be taken again, and never more than that', () => {
  const { rations } = rationsOf(1)
  expect(take(rations, 1, 'a')).toEqual([])
  rations.giveBack('a')
  rations.giveBack('a')
  expect(take(rations, 2, 'a')).toHaveLength(1)
})
