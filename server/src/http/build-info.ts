import { readFileSync } from 'node:fs'
import { Gauge, type Registry } from 'prom-client'

const packageFile = new URL('../../package.json', import.meta.url)
export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version

/** Always 1; its labels say what runs, so that a change of version can be seen beside every other series. */
export function registerBuildInfo(registry: Registry): void {
  const buildInfo = new Gauge({
    name: 'portcullis_build_info',
    help: 'The version of Portcullis and of Node.js.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  })
  buildInfo.set({ version, node_version: process.versions.node }, 1)
}
