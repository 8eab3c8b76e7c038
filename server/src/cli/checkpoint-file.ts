import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { canonicalJson } from '../features/audit/rules.ts'
import { fingerprintOf } from './audit-key.ts'
import { type Checkpoint, Checkpoints } from './audit-verify.ts'
import { reasonOf } from './doctor/finding.ts'

const format = 'portcullis-audit-checkpoint/1'

/**
 * One line of a file of checkpoints: where logs ended at some time. `ends` has those alone that had moved since the line
 * before. `previous` is the SHA-256 of that line, so that none can be removed, added or moved; `signature` is over all
 * other members in canonical JSON.
 */
const Entry = z.strictObject({
  format: z.literal(format),
  number: z.int().min(1),
  time: z.iso.datetime(),
  previous: z.string(),
  ends: Checkpoints,
  key: z.string().regex(/^SHA256:[\w+/]{43}$/),
  signature: z.base64(),
})
type Entry = z.infer<typeof Entry>

/** A file of checkpoints that was found genuine. */
export interface CheckpointFile {
  lines: readonly string[]
  /** The newest checkpoint of each organization. */
  checkpoints: readonly Checkpoint[]
}

const signedText = ({ signature: _, ...rest }: Entry): Buffer => Buffer.from(canonicalJson(rest))

const hashOf = (line: string | undefined): string => (line === undefined ? '' : hash('sha256', line, 'hex'))

function entryIn(line: string): Entry | undefined {
  try {
    return Entry.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Every check on one line, in order; undefined when it is genuine. */
function faultOf(
  entry: Entry | undefined,
  at: { previous: string; number: number },
  key: KeyObject,
): string | undefined {
  const fingerprint = fingerprintOf(key)
  if (!entry) return 'is no checkpoint of ours'
  if (entry.key !== fingerprint) return `was signed with another key (${entry.key}) than the one given (${fingerprint})`
  if (!verify(null, signedText(entry), key, Buffer.from(entry.signature, 'base64')))
    return 'is not what was signed: it was altered'
  if (entry.previous !== at.previous || entry.number !== at.number)
    return 'does not follow from the line before: a line was removed, added or moved'
  return undefined
}

/** What was saved outside earlier, every line of it checked, or why none of it can be believed. */
export function readCheckpoints(file: string, publicKey: KeyObject): CheckpointFile | { wrong: string } {
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    return { wrong: `${file} cannot be read: ${reasonOf(error)}` }
  }
  // Each line ends with a line feed, so what comes after the last is nothing, or a torn line.
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) return { wrong: `${file} holds no checkpoint.` }
  const newest = new Map<string, Checkpoint>()
  for (const [i, line] of lines.entries()) {
    const entry = entryIn(line)
    const fault = faultOf(entry, { previous: hashOf(lines[i - 1]), number: i + 1 }, publicKey)
    if (fault !== undefined)
      return { wrong: `${file}: line ${i + 1} ${fault}. Nothing in this file can be relied upon.` }
    for (const it of entry?.ends ?? []) newest.set(it.organizationId, it)
  }
  return { lines, checkpoints: [...newest.values()] }
}

interface Added {
  ends: readonly Checkpoint[]
  key: KeyObject
  time: Date
}

/**
 * Adds a signed line; answers its number. Written beside and then over, and to the disk first: neither a full disk nor a
 * loss of power leaves a torn file in the place of a good one.
 */
export function addCheckpoint(file: string, known: CheckpointFile, { ends, key, time }: Added): number {
  const before = new Map(known.checkpoints.map((it) => [it.organizationId, it.hash]))
  const entry: Entry = {
    format,
    number: known.lines.length + 1,
    time: time.toISOString(),
    previous: hashOf(known.lines.at(-1)),
    ends: ends.filter((it) => before.get(it.organizationId) !== it.hash),
    key: fingerprintOf(createPublicKey(key)),
    signature: '',
  }
  entry.signature = sign(null, signedText(entry), key).toString('base64')
  const text = [...known.lines, JSON.stringify(entry), ''].join('\n')
  writeFileSync(`${file}.new`, text, { flush: true })
  renameSync(`${file}.new`, file)
  return entry.number
}
