import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { type FolderLock, lockFolder } from '../db/folder-lock.ts'
import { type CommandContext, command } from './command.ts'
import { answerBusy, answerCommands, askRunning } from './socket.ts'

let folder: string
let lock: FolderLock
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-socket-'))
  lock = await lockFolder(folder)
})
afterEach(async () => {
  await lock.release()
  rmSync(folder, { recursive: true })
})

const count = command({
  name: 'count',
  args: z.strictObject({ to: z.int().min(1) }),
  run: async (_context, { to }, print) => {
    for (let i = 1; i <= to; i += 1) print(`${i} „ö"`)
    return { exitCode: 3, value: { to } }
  },
})
const fail = command({
  name: 'fail',
  args: z.strictObject({}),
  run: async () => Promise.reject(new Error('the disk is full')),
})
const context = {} as CommandContext

async function ask(name: string, args: unknown) {
  const said: string[] = []
  const outcome = await askRunning(lock.socketPath, { name, args }, (line) => said.push(line))
  return { said, outcome }
}

test('only the owner of the folder can connect', () => {
  expect(statSync(lock.socketPath).mode & 0o777).toBe(0o600)
})

test('lines arrive in order, then the exit code and the value', async () => {
  answerCommands(lock.server, [count], context)
  expect(await ask('count', { to: 2 })).toEqual({
    said: ['1 „ö"', '2 „ö"'],
    outcome: { exitCode: 3, value: { to: 2 } },
  })
})

test('two at once do not disturb each other', async () => {
  answerCommands(lock.server, [count], context)
  const both = await Promise.all([ask('count', { to: 300 }), ask('count', { to: 200 })])
  expect(both.map((it) => it.said.length)).toEqual([300, 200])
})

test('arguments are believed no more than those of an HTTP client', async () => {
  answerCommands(lock.server, [count], context)
  for (const args of [{ to: 0 }, { to: '1' }, { to: 1, more: true }, [], null]) {
    expect((await ask('count', args)).outcome).toEqual({ exitCode: 2 })
  }
})

test('a command that only another version knows, and one that fails', async () => {
  answerCommands(lock.server, [count, fail], context)
  expect(await ask('later', {})).toMatchObject({ outcome: { exitCode: 1 }, said: [expect.stringContaining('version')] })
  expect(await ask('fail', {})).toEqual({
    said: ['The running instance could not do it: the disk is full'],
    outcome: { exitCode: 1 },
  })
})

test('nobody there is no answer, so that the command does it itself', async () => {
  const nowhere = join(folder, 'nowhere.sock')
  expect(await askRunning(nowhere, { name: 'count', args: {} }, () => undefined)).toBeUndefined()
})

test('whoever comes while a command has the folder to itself is told so', async () => {
  answerBusy(lock.server)
  expect(await ask('count', { to: 1 })).toMatchObject({
    said: [expect.stringContaining('Another command')],
    outcome: { exitCode: 1 },
  })
})

test('an instance that dies amid a command: what was printed stands, and the exit code says that it failed', async () => {
  const half = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"line":"one"}\n\r\n'
  const path = join(folder, 'dying.sock')
  const dying: Server = createServer((socket) => {
    socket.once('data', () => socket.end(half))
  })
  await new Promise<void>((resolve) => dying.listen(path, resolve))
  const said: string[] = []
  const outcome = await askRunning(path, { name: 'count', args: {} }, (line) => said.push(line))
  expect(outcome).toEqual({ exitCode: 1 })
  expect(said).toEqual(['one', expect.stringContaining('stopped before')])
  dying.close()
})
