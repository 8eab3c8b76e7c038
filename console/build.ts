import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { compressFiles } from './compress.ts'

/*
 * Builds the console beside the one that is being served, and puts it in its place when it is whole: a running instance
 * serves files from the folder. `--if-needed`: only when something it is made of has changed.
 */

const root = import.meta.dirname
const dist = join(root, 'dist')
const next = join(root, 'dist.next')
const previous = join(root, 'dist.previous')
const recordIn = (folder: string) => join(folder, '.vite', 'build.json')

interface BuildRecord {
  /** Of everything that the console is made of. */
  digest: string
  /** The assets of this build, without those that it keeps of the one before. */
  assets: string[]
}

const sources = [
  '../openapi.json',
  '../package-lock.json',
  '../server/src/kernel/emails.ts',
  'package.json',
  'index.html',
  '*.ts',
  'public/**',
  'src/**',
]

function digestSources(): string {
  const hash = createHash('sha256')
  const found = globSync(sources, { cwd: root, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.filter((path) => !path.startsWith(join(root, 'src/client/'))).sort()) {
    hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function readRecord(folder: string): BuildRecord | undefined {
  if (!existsSync(recordIn(folder)) || !existsSync(join(folder, 'index.html'))) return undefined
  return JSON.parse(readFileSync(recordIn(folder), 'utf8')) as BuildRecord
}

/** Pages that a browser loaded before the switch go on to ask for the files that they name. */
function keepAssets(assets: readonly string[]): void {
  for (const name of assets) {
    const [from, to] = [join(dist, 'assets', name), join(next, 'assets', name)]
    if (existsSync(from) && !existsSync(to)) cpSync(from, to)
  }
}

function putInPlace(): void {
  rmSync(previous, { recursive: true, force: true })
  if (existsSync(dist)) renameSync(dist, previous)
  renameSync(next, dist)
  rmSync(previous, { recursive: true, force: true })
}

process.chdir(root)
const isConditional = process.argv.includes('--if-needed')
const digest = digestSources()
const built = readRecord(dist)
if (!isConditional || built?.digest !== digest) {
  if (isConditional) process.stderr.write('Building the console …\n')
  await import('./generate-client.ts')
  rmSync(next, { recursive: true, force: true })
  await build({ root, logLevel: isConditional ? 'warn' : 'info', build: { outDir: next, emptyOutDir: true } })
  compressFiles(next)
  mkdirSync(join(next, '.vite'), { recursive: true })
  const record: BuildRecord = { digest, assets: readdirSync(join(next, 'assets')) }
  writeFileSync(recordIn(next), JSON.stringify(record))
  keepAssets(built?.assets ?? [])
  putInPlace()
}
