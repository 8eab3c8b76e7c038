import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Checkpoint } from '../src/cli/audit-verify.ts'
import { addCheckpoint, readCheckpoints } from '../src/cli/checkpoint-file.ts'

const script = join(import.meta.dirname, '../../scripts/verify-audit-export.mjs')
const folder = mkdtempSync(join(tmpdir(), 'portcullis-exports-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { privateKey: key, publicKey } = generateKeyPairSync('ed25519')
export const keyFile = join(folder, 'key.pub')
writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }))

export function write(text: string): string {
  const file = join(folder, `${randomUUID()}.ndjson`)
  writeFileSync(file, text)
  return file
}

/** A file of signed checkpoints: one line for each time that the log was seen. */
export function checkpointFile(...seen: readonly Checkpoint[]): string {
  const file = join(folder, `${randomUUID()}.checkpoints`)
  for (const [i, it] of seen.entries()) {
    const known = i === 0 ? { lines: [], checkpoints: [] } : readCheckpoints(file, publicKey)
    if ('wrong' in known) throw new Error(known.wrong)
    addCheckpoint(file, known, { ends: [it], key, time: new Date(Date.UTC(2026, 10, 1 + i)) })
  }
  return file
}

/** The auditor's script in a process of its own, which has nothing but the files. */
export function audit(...args: readonly string[]): Promise<{ exitCode: number | null; lines: string[] }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env: {} }, (_error, out, err) =>
      resolve({ exitCode: child.exitCode, lines: `${out}${err}`.trimEnd().split('\n') }),
    )
  })
}
export const witnessed = (file: string) => ['--checkpoint', file, '--public-key', keyFile]
