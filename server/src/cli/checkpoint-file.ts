import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Checkpoint, Checkpoints } from './audit-verify.ts'
import { reasonOf } from './doctor/finding.ts'

/** What was saved outside earlier, or why it cannot be used. */
export function readCheckpoints(file: string): { checkpoints: Checkpoint[] } | { wrong: string } {
  try {
    const parsed = Checkpoints.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    return parsed.success ? { checkpoints: parsed.data } : { wrong: `${file} holds no checkpoint of ours.` }
  } catch (error) {
    return { wrong: `${file} cannot be read: ${reasonOf(error)}` }
  }
}

/** Beside and then over: a full disk never leaves a torn checkpoint in the place of a good one. */
export function writeCheckpoints(file: string, checkpoints: readonly Checkpoint[]): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(checkpoints, null, 2)}\n`)
  renameSync(`${file}.new`, file)
}
