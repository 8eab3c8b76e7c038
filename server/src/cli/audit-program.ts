import { createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command as Program } from 'commander'
import { fingerprintOf, makeKey, publicKeyFileOf, readPrivateKey, readPublicKey } from './audit-key.ts'
import type { Checkpoint } from './audit-verify.ts'
import { addCheckpoint, type CheckpointFile, readCheckpoints } from './checkpoint-file.ts'
import type { Outcome, Print } from './command.ts'

/** How this part of the command line runs commands of the registry and speaks. */
export interface Terminal {
  run: (name: string, args: Record<string, unknown>) => Promise<Outcome | undefined>
  print: Print
  complain: Print
  /** Complains of wrong arguments; the process will exit as after a wrong command line. */
  refuse: Print
}

interface CheckpointOptions {
  checkpoint?: string
  publicKey?: string
}

interface RetainOptions extends CheckpointOptions {
  organization?: string
  before: string
  dryRun?: true
}

const keyFileOf = (file: string) => `${file}.key`

/** The checkpoints that the options name; none is `{}`, for those commands that can do without. */
function checkpointsOf({ checkpoint, publicKey }: CheckpointOptions) {
  if (checkpoint === undefined) return {}
  const read = readPublicKey(publicKey ?? publicKeyFileOf(keyFileOf(checkpoint)))
  if ('wrong' in read) return read
  const found = readCheckpoints(checkpoint, read.key)
  return 'wrong' in found ? found : { checkpoints: found.checkpoints }
}

/** Runs a command that takes checkpoints, unless they cannot be believed. */
async function runWith({ run, refuse }: Terminal, name: string, options: CheckpointOptions & object): Promise<void> {
  const { checkpoint, publicKey, ...args } = options
  const read = checkpointsOf({ ...(checkpoint && { checkpoint }), ...(publicKey && { publicKey }) })
  if ('wrong' in read) {
    return refuse(read.wrong)
  }
  await run(name, { ...args, ...read })
}

/** What a checkpoint is added to: the file as it is, or nothing yet; and the key, which is made for a new file. */
function readForAdding(file: string, keyFile: string): { known: CheckpointFile; key?: KeyObject } | { wrong: string } {
  const isNew = !existsSync(file)
  if (isNew && !existsSync(keyFile)) return { known: { lines: [], checkpoints: [] } }
  const read = readPrivateKey(keyFile)
  if ('wrong' in read) return read
  if (isNew) return { known: { lines: [], checkpoints: [] }, key: read.key }
  const known = readCheckpoints(file, createPublicKey(read.key))
  return 'wrong' in known ? known : { known, key: read.key }
}

async function saveCheckpoint(
  { run, print, complain, refuse }: Terminal,
  file: string,
  keyFile: string,
): Promise<void> {
  const read = readForAdding(file, keyFile)
  if ('wrong' in read) {
    return refuse(read.wrong)
  }
  const { known } = read
  const outcome = await run('audit-verify', { checkpoints: known.checkpoints })
  if (!outcome) return
  if (outcome.exitCode !== 0) return complain('No checkpoint was added.')
  const key = read.key ?? makeKey(keyFile)
  if (!read.key) print(`Made the key ${keyFile}. Give ${publicKeyFileOf(keyFile)} to whoever shall check.`)
  const number = addCheckpoint(file, known, { ends: outcome.value as Checkpoint[], key, time: new Date() })
  print(`Checkpoint ${number} added to ${file}, signed with ${fingerprintOf(createPublicKey(key))}.`)
  if (number === 1) print('The file is new. Copy it each time to where this machine cannot change it.')
}

/** The commands that work on the audit log (A2). Files stay on this side; the instance sees checkpoints, never a key. */
export function describeAudit(program: Program, terminal: Terminal): void {
  const audit = program.command('audit').description('the audit log')
  audit
    .command('verify')
    .description('verify that no event of the audit log was changed or removed')
    .option('--organization <id>', 'only this one')
    .option('--checkpoint <file>', 'compare with the checkpoints that were saved before')
    .option('--public-key <file>', 'whose signatures they must bear (default: FILE.key.pub)')
    .action((options: CheckpointOptions) => runWith(terminal, 'audit-verify', options))
  audit
    .command('checkpoint')
    .argument('<file>', 'where checkpoints are collected; begun when it is not there')
    .description('verify the audit log, and add where it ends now to a signed file, to be kept elsewhere')
    .option('--key <file>', 'what signs; made for a new file (default: FILE.key, with FILE.key.pub)')
    .action((file: string, { key }: { key?: string }) => saveCheckpoint(terminal, file, key ?? keyFileOf(file)))
  audit
    .command('retain')
    .description('remove old events; the cut is recorded, and the rest stays provable')
    .requiredOption('--before <date>', 'events from before this day (UTC) or time are removed')
    .option('--organization <id>', 'only this one')
    .option('--checkpoint <file>', 'remove nothing that came after these checkpoints')
    .option('--public-key <file>', 'whose signatures they must bear (default: FILE.key.pub)')
    .option('--dry-run', 'only say how much would go')
    .action((options: RetainOptions) => runWith(terminal, 'audit-retain', options))
}
