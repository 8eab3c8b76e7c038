import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { keptSecretFiles } from '../../config.ts'
import { findOpenFiles } from '../../db/data-folder.ts'
import { doubt, type Finding, fault, fine, reasonOf } from './finding.ts'

const mebibyte = 1024 * 1024
const scarceBytes = 1024 * mebibyte
const tooScarceBytes = 100 * mebibyte

const rounded = (bytes: number) =>
  bytes >= 1024 * mebibyte ? `${(bytes / 1024 / mebibyte).toFixed(1)} GiB` : `${Math.floor(bytes / mebibyte)} MiB`

export function judgeSpace(freeBytes: number, folder: string): Finding {
  const what = `${rounded(freeBytes)} free`
  if (freeBytes >= scarceBytes) return fine('Disk', what)
  const mend = `Make room on the file system of ${folder}.`
  return freeBytes < tooScarceBytes
    ? fault('Disk', `only ${what}: changes will soon fail.`, mend)
    : doubt('Disk', `only ${what}.`, mend)
}

/** `mode` as `stat` tells it: what others on this machine may do with the folder. */
export function judgeMode(folder: string, mode: number): Finding {
  const mend = `chmod 700 ${folder}`
  if ((mode & 0o022) !== 0) return fault('Data folder', `${folder} can be changed by others on this machine.`, mend)
  if ((mode & 0o055) !== 0) return doubt('Data folder', `${folder} can be read by others on this machine.`, mend)
  return fine('Data folder', folder)
}

function judgeFiles(folder: string): Finding[] {
  const secrets = Object.values(keptSecretFiles).map((name) => join(folder, name))
  const open = findOpenFiles(folder)
  const ofSecrets = secrets
    .filter((path) => open.includes(path))
    .map((path) => fault('Secrets', `${path} can be read by others on this machine.`, `chmod 600 ${path}`))
  const [path, ...others] = open.filter((other) => !secrets.includes(other))
  if (path === undefined) return ofSecrets
  const more = others.length > 0 ? ` and ${others.length} more files` : ''
  return [
    ...ofSecrets,
    fault('Data folder', `${path}${more} can be read or changed by others on this machine.`, `chmod -R go= ${folder}`),
  ]
}

/** The nearest folder above that exists, where the data folder will be made. */
const existing = (path: string): string => (existsSync(path) || dirname(path) === path ? path : existing(dirname(path)))

export function judgeFolder(folder: string): Finding[] {
  try {
    const place = existing(folder)
    const { bavail, bsize } = statfsSync(place)
    const space = judgeSpace(bavail * bsize, place)
    if (place !== folder) return [fine('Data folder', `${folder} will be made on the first start`), space]
    const stat = statSync(folder)
    if (!stat.isDirectory()) return [fault('Data folder', `${folder} is not a folder.`, 'Correct PORTCULLIS_DATA.')]
    return [judgeMode(folder, stat.mode), ...judgeOwner(folder, stat.uid), ...judgeFiles(folder), space]
  } catch (error) {
    return [
      fault('Data folder', `${folder} cannot be read: ${reasonOf(error)}.`, 'Run this as the user of the service.'),
    ]
  }
}

function judgeOwner(folder: string, uid: number): Finding[] {
  const own = process.getuid?.()
  if (own === undefined || own === uid) return []
  const what = `${folder} belongs to user ${uid}, and this command runs as user ${own}.`
  return [doubt('Data folder', what, 'Run commands and the service as the same user.')]
}
