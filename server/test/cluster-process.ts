import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { TcpProxy } from './tcp-proxy.ts'

export const main = join(import.meta.dirname, '..', 'src', 'main.ts')

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What must not outlive the tests, should they end by a failure. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

interface Prepared {
  env: Record<string, string>
  wire: TcpProxy | undefined
  preload?: string
}

/** `portcullis start`, as an operator starts it; it can be stopped, frozen, killed, and started again on its port. */
export class ClusterProcess {
  readonly port: number
  /** Its own way to PostgreSQL, if it has one. */
  readonly #prepared: Prepared
  #child: ChildProcess | undefined
  #said = ''

  private constructor(port: number, prepared: Prepared) {
    this.port = port
    this.#prepared = prepared
  }

  static async prepare(prepared: Prepared): Promise<ClusterProcess> {
    return new ClusterProcess(await freePort(), prepared)
  }

  get wire(): TcpProxy {
    if (!this.#prepared.wire) throw new Error('This process has no wire of its own')
    return this.#prepared.wire
  }

  /** Its wire is whole again, if it has one. */
  mend(): void {
    this.#prepared.wire?.pass()
  }

  get pid(): number {
    return this.#child?.pid as number
  }

  /** Resident memory, as the kernel counts it. */
  get residentBytes(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  }

  async start(): Promise<void> {
    const { env, preload } = this.#prepared
    const child = spawn(process.execPath, [...(preload ? ['--import', preload] : []), main, 'start'], {
      env: { PATH: process.env.PATH, PORT: String(this.port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#said = ''
    running.add(child)
    child.once('exit', () => running.delete(child))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text) => {
        this.#said = (this.#said + text).slice(-20_000)
      })
    }
    await this.ready()
  }

  /** Ready, whatever happened to it before. */
  async ready(): Promise<void> {
    while (!(await this.#isReady())) {
      const { exitCode, signalCode } = this.#child as ChildProcess
      if (exitCode !== null || signalCode !== null) throw new Error(`It ended: ${this.#said}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  #isReady(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/readyz`).then(
      async (reply) => (await reply.text()) !== '' && reply.ok,
      () => false,
    )
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const exit = once(child, 'exit')
    child.kill(signal)
    return (await exit)[0]
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL')
  }

  /** Freezes it: its connections stay open, and it does nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    await this.kill()
    await this.#prepared.wire?.close()
  }
}
