import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { canonicalJson } from '../features/audit/rules.ts'
import { fingerprintOf, makeKey, publicKeyFileOf, readPrivateKey, readPublicKey } from './audit-key.ts'
import type { Checkpoint } from './audit-verify.ts'
import { addCheckpoint, readCheckpoints } from './checkpoint-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-checkpoints-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'checkpoints')
const acme = 'org_01m86hkqn3f6a8dascc8dvc5t0'
const globex = 'org_01m86hkqn3f6a8dascc8dvc5t1'
const at = (organizationId: string, sequence: number): Checkpoint => ({
  organizationId,
  sequence,
  hash: sequence.toString(16).padStart(64, '0'),
})
const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
const { privateKey: otherKey } = generateKeyPairSync('ed25519')

const add = (ends: Checkpoint[], by: KeyObject = key) => {
  const known = readCheckpoints(file, createPublicKey(by))
  if ('wrong' in known) throw new Error(known.wrong)
  return addCheckpoint(file, known, { ends, key: by, time: new Date('2026-11-27T01:00:00Z') })
}
const read = () => readCheckpoints(file, publicKey)
const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n')
const write = (all: readonly string[]) => writeFileSync(file, all.map((it) => `${it}\n`).join(''))

beforeEach(() => {
  addCheckpoint(file, { lines: [], checkpoints: [] }, { ends: [at(acme, 3), at(globex, 5)], key, time: new Date(0) })
  add([at(acme, 4), at(globex, 5)])
  add([at(acme, 9), at(globex, 6)])
})

describe('A2: a file of signed checkpoints', () => {
  test('answers the newest of each organization; a line has only what moved', () => {
    expect(read()).toMatchObject({ checkpoints: [at(acme, 9), at(globex, 6)] })
    expect(lines().map((it) => JSON.parse(it).ends)).toEqual([
      [at(acme, 3), at(globex, 5)],
      [at(acme, 4)],
      [at(acme, 9), at(globex, 6)],
    ])
    expect(add([at(acme, 9), at(globex, 6)])).toBe(4)
    expect(JSON.parse(lines()[3] ?? '').ends).toEqual([])
  })

  test('can be checked by whoever has the public key and these two lines of code', () => {
    const { signature, ...signed } = JSON.parse(lines()[1] ?? '')
    expect(sign(null, Buffer.from(canonicalJson(signed)), key).toString('base64')).toBe(signature)
  })

  const edit = (line: string, over: Record<string, unknown>) => JSON.stringify({ ...JSON.parse(line), ...over })
  /** Everything as it was, but signed by somebody else, who may say so or not. */
  const resigned = (line: string, says: Record<string, unknown> = {}) => {
    const { signature: _, ...rest } = { ...JSON.parse(line), ...says }
    return JSON.stringify({
      ...rest,
      signature: sign(null, Buffer.from(canonicalJson(rest)), otherKey).toString('base64'),
    })
  }
  const altered = 'is not what was signed: it was altered'
  const moved = 'does not follow from the line before: a line was removed, added or moved'
  const otherPrint = fingerprintOf(createPublicKey(otherKey))
  const another = `was signed with another key (${otherPrint}) than the one given (${fingerprintOf(publicKey)})`

  test.each<[what: string, forge: (all: string[]) => string[], line: number, fault: string]>([
    [
      'a hash altered',
      ([a, b, c]) => [a!, edit(b!, { ends: [{ ...at(acme, 4), hash: 'f'.repeat(64) }] }), c!],
      2,
      altered,
    ],
    ['a time altered', ([a, b, c]) => [edit(a!, { time: '2020-01-01T00:00:00.000Z' }), b!, c!], 1, altered],
    ['an end taken out', ([a, b, c]) => [a!, b!, edit(c!, { ends: [at(globex, 6)] })], 3, altered],
    ['its number altered', ([a, b, c]) => [a!, b!, edit(c!, { number: 4 })], 3, altered],
    ['no signature', ([a, b, c]) => [a!, edit(b!, { signature: '' }), c!], 2, altered],
    ['the first line removed', ([, b, c]) => [b!, c!], 1, moved],
    ['a line removed', ([a, , c]) => [a!, c!], 2, moved],
    ['two lines that changed places', ([a, b, c]) => [a!, c!, b!], 2, moved],
    ['a line there twice', ([a, b, c]) => [a!, b!, c!, c!], 4, moved],
    ['an old line at the end', ([a, b, c]) => [a!, b!, c!, a!], 4, moved],
    ['signed anew with another key', (all) => all.map((it) => resigned(it, { key: otherPrint })), 1, another],
    ['signed anew, under the name of our key', (all) => all.map((it) => resigned(it)), 1, altered],
    ['one line by another key', ([a, b, c]) => [a!, b!, resigned(c!, { key: otherPrint })], 3, another],
    ['a member more', ([a, b, c]) => [a!, edit(b!, { note: 'x' }), c!], 2, 'is no checkpoint of ours'],
    [
      'a name of a key that would paint the terminal',
      ([a]) => [edit(a!, { key: '\u001b[2J' })],
      1,
      'is no checkpoint of ours',
    ],
    ['something else', () => ['[]'], 1, 'is no checkpoint of ours'],
    ['a torn line', ([a, b, c]) => [a!, b!, c!.slice(0, 99)], 3, 'is no checkpoint of ours'],
    ['an empty line', ([a, b, c]) => [a!, '', b!, c!], 2, 'is no checkpoint of ours'],
  ])('is refused: %s', (_what, forge, line, fault) => {
    write(forge(lines()))
    expect(read()).toEqual({ wrong: `${file}: line ${line} ${fault}. Nothing in this file can be relied upon.` })
  })

  test('is refused when it is empty or not there', () => {
    write([])
    expect(read()).toEqual({ wrong: `${file} holds no checkpoint.` })
    rmSync(file)
    expect(read()).toEqual({ wrong: expect.stringMatching(/cannot be read: ENOENT/) })
  })

  test('without its newest lines is an older file, which only a copy elsewhere can tell', () => {
    write(lines().slice(0, 2))
    expect(read()).toMatchObject({ checkpoints: [at(acme, 4), at(globex, 5)] })
  })
})

describe('A2: the key of the operator', () => {
  const keyFile = join(folder, 'key')
  test('is made for its owner alone, with the public half beside it, and never over another', () => {
    const made = makeKey(keyFile)
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    const halves = [readPrivateKey(keyFile), readPublicKey(publicKeyFileOf(keyFile))]
    const prints = halves.map(
      (it) => 'key' in it && fingerprintOf(it.key.type === 'private' ? createPublicKey(it.key) : it.key),
    )
    expect(new Set(prints)).toEqual(new Set([fingerprintOf(createPublicKey(made))]))
    expect(() => makeKey(keyFile)).toThrow('EEXIST')
  })

  test('is refused when others can read it, and when it is none', () => {
    chmodSync(keyFile, 0o640)
    expect(readPrivateKey(keyFile)).toEqual({ wrong: expect.stringContaining('can be read by others') })
    expect(readPublicKey(join(folder, 'nothing'))).toEqual({ wrong: expect.stringContaining('cannot be read: ENOENT') })
    expect(readPublicKey(file)).toEqual({ wrong: `${file} is no key in PEM.` })
    const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsaFile = join(folder, 'rsa')
    writeFileSync(rsaFile, rsa.export({ type: 'spki', format: 'pem' }))
    expect(readPublicKey(rsaFile)).toEqual({ wrong: `${rsaFile} is no Ed25519 key.` })
  })
})
