import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const run = (...[command, ...args]: [string, ...string[]]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A file system of so many megabytes, which is really full when it is. */
export class SmallDisk {
  readonly folder: string
  readonly #as: readonly string[]

  private constructor(folder: string, as: readonly string[]) {
    this.folder = folder
    this.#as = as
  }

  /** Undefined where this user can mount nothing, neither alone nor by a `sudo` that asks for no password. */
  static mount(megabytes: number): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'pc-disk-'))
    const options = `size=${megabytes}m,mode=0755,uid=${process.getuid?.()},gid=${process.getgid?.()}`
    for (const as of [[], ['sudo', '-n']]) {
      const [command = 'mount', ...rest] = [...as, 'mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder]
      if (run(command, ...rest)) return new SmallDisk(folder, as)
    }
    rmSync(folder, { recursive: true })
    return undefined
  }

  get #ballast(): string {
    return join(this.folder, 'ballast')
  }

  /** Takes every free block, but for so many bytes. */
  fill(leaveBytes = 0): void {
    const block = Buffer.alloc(4096, 1)
    const file = openSync(this.#ballast, 'a')
    try {
      while (writeSync(file, block) === block.length);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
    truncateSync(this.#ballast, statSync(this.#ballast).size - leaveBytes)
  }

  makeRoom(): void {
    rmSync(this.#ballast)
  }

  unmount(): void {
    const [command = 'umount', ...rest] = [...this.#as, 'umount', '--lazy', this.folder]
    run(command, ...rest)
    rmSync(this.folder, { recursive: true, force: true })
  }
}
