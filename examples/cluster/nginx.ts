import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const isNginxInstalled = (): boolean => spawnSync('nginx', ['-v']).status === 0

const files = ['nginx.conf', 'portcullis-stream.conf']

/** The example's files in a folder of their own, with these ports in place of 8080 and 3001 to 3003. */
function render(port: number, processes: readonly number[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-cluster-'))
  // Started by root, nginx works as somebody else, who must get through.
  chmodSync(folder, 0o755)
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
      .replaceAll(':8080', `:${port}`)
      .replace(/:300([123])\b/g, (_, number) => `:${processes[number - 1]}`)
    writeFileSync(join(folder, file), text)
  }
  return folder
}

const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

export interface Nginx {
  /** Lets requests finish, and ends. */
  stop: () => Promise<void>
}

/** Runs nginx on this port before three processes on theirs, and waits until it takes connections. */
export async function runNginx(port: number, processes: readonly number[]): Promise<Nginx> {
  const folder = render(port, processes)
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-10_000)
  })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}:\n${said}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    stop: async () => {
      process.off('exit', killed)
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit')
        child.kill('SIGTERM')
        await exit
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
