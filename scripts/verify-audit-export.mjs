#!/usr/bin/env node
/*
 * Verifies NDJSON exports of one organization's audit log without Portcullis: any Node.js from 18 on, nothing else.
 *
 *   node verify-audit-export.mjs [--checkpoint FILE --public-key FILE] [--complete] EXPORT.ndjson...
 *
 * Several exports are taken together. It says what is proven and what is not; exit code 0: nothing is wrong, 1: something
 * is, 2: wrong arguments. With --complete it is also wrong when an event is missing that no recorded cut accounts for, or,
 * with checkpoints, only one for which none of them vouches, or when they do not know this organization.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const options = { checkpoint: { type: 'string' }, 'public-key': { type: 'string' }, complete: { type: 'boolean' } }
const { values: given, positionals: files } = parseArgs({ options, allowPositionals: true })
if (files.length === 0 || !given.checkpoint !== !given['public-key']) {
  console.error('usage: verify-audit-export.mjs [--checkpoint FILE --public-key FILE] [--complete] EXPORT.ndjson...')
  process.exit(2)
}
const faults = []
const wrong = (text) => void faults.push(`WRONG: ${text}`)
const isNumber = (it) => Number.isSafeInteger(it) && it > 0
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const canonical = (it) => {
  if (Array.isArray(it)) return `[${it.map(canonical).join(',')}]`
  if (typeof it !== 'object' || it === null) return JSON.stringify(it)
  const keys = Object.keys(it).sort((a, b) => (a < b ? -1 : 1))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(it[key])}`).join(',')}}`
}
/** Each line with its place. A member that is there twice would show one thing to a reader and another to a check. */
const linesOf = (file) => {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/)
  return lines.slice(0, lines.at(-1) === '' ? -1 : undefined).flatMap((text, i) => {
    const at = `${file}:${i + 1}`
    try {
      const it = JSON.parse(text)
      if (JSON.stringify(it) === text && it !== null) return [{ it, at, number: i + 1, before: lines[i - 1] ?? '' }]
    } catch {}
    wrong(`${at} is not as Portcullis writes it.`)
    return []
  })
}

const events = new Map()
for (const { it, at } of files.flatMap(linesOf)) {
  const { hash, previousHash, ...record } = it
  const [first = it] = events.values()
  const fits = isNumber(it.sequence) && hash === sha256(`${previousHash}\n${canonical(record)}`)
  if (!fits) wrong(`${at}: event ${it.sequence} was altered.`)
  else if (it.organizationId !== first.organizationId) wrong(`${at}: the event is of another organization.`)
  else if ((events.get(it.sequence) ?? it).hash !== hash)
    wrong(`${at}: event ${it.sequence} is here twice, differently.`)
  else events.set(it.sequence, it)
}
const [{ organizationId } = {}] = events.values()

const checkpoints = []
const key = given['public-key'] && createPublicKey(readFileSync(given['public-key']))
for (const { it, at, number, before } of given.checkpoint ? linesOf(given.checkpoint) : []) {
  const { signature, ...entry } = it
  if (!verify(null, Buffer.from(canonical(entry)), key, Buffer.from(`${signature}`, 'base64')))
    wrong(`${at} was altered, or signed with another key than that in ${given['public-key']}.`)
  else if (it.format !== 'portcullis-audit-checkpoint/1') wrong(`${at} is no checkpoint.`)
  else if (it.number !== number || it.previous !== (before && sha256(before)))
    wrong(`${at} does not follow from the line before: a line was removed, added or moved.`)
  else for (const end of it.ends) if (end.organizationId === organizationId) checkpoints.push({ ...end, time: it.time })
}

/** An event's hash is also known from the event after it. */
const hashAt = (sequence) => events.get(sequence)?.hash ?? events.get(sequence + 1)?.previousHash
const runs = []
let cut
for (const { sequence, previousHash, ...it } of [...events.values()].sort((a, b) => a.sequence - b.sequence)) {
  if (hashAt(sequence - 1) !== previousHash || (sequence === 1 && previousHash !== ''))
    wrong(`event ${sequence} does not follow from the one before: one of the two was replaced.`)
  if (runs.at(-1)?.to === sequence - 1) runs.at(-1).to = sequence
  else runs.push({ from: sequence, to: sequence })
  if (it.action !== 'audit.cut') continue
  const { sequence: upTo, hash } = it.after ?? {}
  if (isNumber(upTo) && upTo < sequence && typeof hash === 'string')
    cut = { sequence: upTo, hash, time: it.time, at: sequence }
  else wrong(`event ${sequence} records a cut that cannot be.`)
}
for (const { sequence, hash, time } of cut ? [...checkpoints, cut] : checkpoints)
  if ((hashAt(sequence) ?? hash) !== hash) wrong(`event ${sequence} is not the one of ${time}: the log was rewritten.`)

const said = [organizationId]
if (given.checkpoint && checkpoints.length === 0)
  (given.complete ? wrong : (it) => said.push(it))('No checkpoint knows this organization.')
const tell = (from, to, what, say = (it) => said.push(it)) =>
  from <= to && say(`${from === to ? `Event ${from}` : `Events ${from} to ${to}`}: ${what}`)
const newest = Math.max(0, ...checkpoints.map((it) => it.sequence))
if (newest > 0 && newest < cut?.sequence && hashAt(newest) === undefined)
  wrong('the log was cut beyond the newest checkpoint, so nothing vouches for what follows.')
// Whoever can only append can record a cut, too: a checkpoint from after it says that its operators knew of it.
const { to } = runs.find((it) => it.from <= cut?.at && it.to >= cut.at) ?? {}
const isUnknown = given.checkpoint && !checkpoints.some((it) => it.sequence >= cut?.at && it.sequence <= to)
const record = `${cut?.at} records${isUnknown ? ', for which no checkpoint vouches' : ''}`
let next = 1
for (const { from, to } of [...runs, { from: newest + 1, to: newest }]) {
  const lost = Math.max(next, (cut?.sequence ?? 0) + 1)
  const missing = given.complete ? wrong : undefined
  tell(
    next,
    Math.min(from, lost) - 1,
    `not here; cut on ${cut?.time}, as event ${record}.`,
    isUnknown ? missing : undefined,
  )
  tell(lost, from - 1, 'not here, so nothing is proven of them.', missing)
  const seen = checkpoints.findLast((it) => it.sequence >= from && it.sequence <= to)
  tell(from, seen?.sequence ?? 0, `here, complete, as the checkpoint of ${seen?.time} vouches.`)
  tell((seen?.sequence ?? from - 1) + 1, to, 'here, in themselves consistent; no checkpoint vouches for them.')
  next = Math.max(next, to + 1)
}
if (events.size === 0) wrong('there is no event in it.')
const verdict = faults.length > 0 ? 'Something is wrong.' : 'Nothing is wrong.'
console.log([...said, ...faults, verdict].join('\n').replace(/[^\P{Cc}\n]/gu, '?'))
process.exitCode = faults.length > 0 ? 1 : 0
