import { expect, test } from 'vitest'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type GuardOptions, type Presented } from './guard.ts'

const asked: unknown[] = []
const verifier = {
  verify: (_credential: unknown, question: unknown) => {
    asked.push(question)
    return { active: false, reason: 'unknown' }
  },
} as unknown as Verifier
const id = 'org_01h455vb4pex5vsknk084sn02q'
const presented = (organization: unknown, context: string[] = []): Presented => ({
  authorization: ['Bearer pcu_x'],
  context,
  organization,
})

test.each([
  [{ role: null }],
  [{ role: 'owner' }],
  [{ rolle: 'admin' }],
  [{ organization: null }],
  [{ organization: id }],
  [null],
])('a guard is not built with %j', (options) => {
  expect(() => buildGuard(verifier, options as unknown as GuardOptions<never>)).toThrow(TypeError)
})

test.each([[''], [null], [0], [false], [{}], [[id]], [Promise.resolve(id)]])(
  '400 when the accessor gives %j: only undefined means that the request names no organization',
  async (organization) => {
    asked.length = 0
    expect(await buildGuard(verifier, {})(presented(organization))).toMatchObject({ refusal: { status: 400 } })
    expect(await buildGuard(verifier, {})(presented(organization, [id]))).toMatchObject({ refusal: { status: 400 } })
    expect(asked).toEqual([])
  },
)

test('undefined leaves the question to the header, or to the token', async () => {
  asked.length = 0
  const guard = buildGuard(verifier, {})
  await guard(presented(undefined))
  await guard(presented(undefined, [id]))
  await guard(presented(id))
  expect(asked).toEqual([{ organization: undefined }, { organization: id }, { organization: id }])
})
