import { expect, test } from 'vitest'
import { createLog } from './log.ts'

const written = () => {
  const lines: string[] = []
  return { lines, log: createLog('info', { write: (line) => void lines.push(line) }) }
}

test('one line of JSON each, in UTC, whatever the text would like to be', () => {
  const { lines, log } = written()
  const hostile = 'x"}\r\n{"level":60,"msg":"forged"}\n\u2028\u0000\u001b[2J'
  log.info({ path: hostile, nested: { name: hostile } }, hostile)
  log.error({ err: new Error(hostile) }, 'a request failed')
  expect(lines).toHaveLength(2)
  for (const line of lines) {
    expect(line.trimEnd()).not.toMatch(/\p{Cc}/u)
    expect(JSON.parse(line).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ path: hostile, nested: { name: hostile }, msg: hostile })
})

test('what is called a password, secret, token, authorization or cookie is left out, one step down too', () => {
  const { lines, log } = written()
  const names = ['password', 'secret', 'token', 'authorization', 'cookie']
  const telling = Object.fromEntries(names.map((it) => [it, 'canary']))
  log.info({ ...telling, headers: telling, kept: 'seen' }, 'x')
  expect(lines.join()).not.toContain('canary')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ kept: 'seen', token: '[left out]' })
})

test('levels below the one that was chosen are not written', () => {
  const { lines, log } = written()
  log.debug({}, 'x')
  expect(lines).toEqual([])
})
