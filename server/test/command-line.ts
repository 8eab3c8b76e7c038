import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../src/main.ts')

export interface Ran {
  exitCode: number | null
  out: string
  err: string
}

/** The real command in a process of its own, with nothing in its environment but what is given. */
export function portcullis(env: Record<string, string>, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { env }, (_error, out, err) =>
      resolve({ exitCode: child.exitCode, out, err }),
    )
    child.stdin?.end(input)
  })
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A serving process, once it says that it is ready; `told` is all that it said. */
export async function startInstance(
  env: Record<string, string>,
  ...options: string[]
): Promise<ChildProcess & { told: string }> {
  const child = Object.assign(spawn(process.execPath, [main, 'start', ...options], { env }), { told: '' })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (child.told += chunk))
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(child.told)))
  const ready = new Promise<void>((resolve) => {
    const look = () => child.told.includes('Portcullis is ready') && child.told.endsWith('\n\n') && resolve()
    child.stdout.on('data', look)
    child.stderr.on('data', look)
  })
  await Promise.race([ready, ended])
  ended.catch(() => undefined)
  return child
}
