import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { harness } from '../../../test/harness.ts'
import { signIn } from '../../../test/sign-in.ts'
import { Overload } from '../../db/fair-queue.ts'
import { limits } from '../../kernel/limits.ts'

describeOnBoth('a sign-in at which nobody could look', (open) => {
  test('503 with Retry-After, and it counts as no guess', async () => {
    const app = await harness(await open())
    const { admin } = await app.newOrganization()
    const { password } = await app.signIn.auth.$context
    const crowded = vi.spyOn(password, 'verify').mockRejectedValue(new Overload('everybody'))
    for (let n = 0; n <= limits.sign_in_here.most; n += 1) {
      const answer = await signIn(app, admin.email)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    crowded.mockRestore()
    expect((await signIn(app, admin.email)).status).toBe(200)
  })
})
