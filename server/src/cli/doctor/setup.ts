import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Configured,
  completeConfig,
  type Environment,
  faultText,
  isLoopback,
  keptSecretFiles,
  type Settings,
  variables,
} from '../../config.ts'
import { doubt, type Finding, fault, fine } from './finding.ts'

const oldestNode = 24

export function judgeNode(version: string): Finding {
  const major = Number(version.split('.')[0])
  return major >= oldestNode
    ? fine('Node.js', version)
    : fault('Node.js', `${version} is too old.`, `Use Node.js ${oldestNode} or later; \`npm start\` brings its own.`)
}

/** Every fault of the configuration, or what of it deserves a look. */
export function judgeConfiguration(env: Environment, parsed: Configured<Settings>): Finding[] {
  if (!parsed.ok) {
    return parsed.faults.map((it) => fault('Configuration', faultText(it), `Correct ${it.variable}.`))
  }
  const set = variables.filter((it) => env[it]?.trim()).length
  const summary =
    set === 0 ? 'every variable has its default' : `${set} of ${variables.length} variables set, none wrong`
  return [
    fine('Configuration', summary),
    // What PORTCULLIS_MIGRATION_URL is about, the database's second wall tells better.
    ...parsed.value.warnings
      .filter((it) => it.variable !== 'PORTCULLIS_MIGRATION_URL')
      .map((it) => doubt('Configuration', faultText(it), mendOf(it.variable))),
  ]
}

const mends: Partial<Record<string, string>> = {
  PORTCULLIS_URL: 'Set PORTCULLIS_URL to what people type, such as https://portcullis.example.com.',
}
const mendOf = (variable: string) => mends[variable] ?? `Correct or unset ${variable}.`

export const judgeSecrets = ({ secrets }: Settings): Finding =>
  fine('Secrets', secrets ? 'from the environment' : 'kept in the data folder')

/** Secrets of the data folder, if they were made already: what a start would refuse. */
export function judgeKeptSecrets(settings: Settings): Finding[] {
  const kept = Object.values(keptSecretFiles).map((it) => join(settings.dataFolder, it))
  if (!kept.every(existsSync)) return []
  const completed = completeConfig(settings)
  if (completed.ok) return []
  return completed.faults.map((it) => fault('Secrets', faultText(it), 'Restore the file from a backup.'))
}

export function judgeProxies(settings: Settings): Finding {
  if (settings.trustedProxies.length > 0) return fine('Proxies', `trusted: ${settings.trustedProxies.join(', ')}`)
  if (isLoopback(new URL(settings.publicUrl).hostname)) return fine('Proxies', 'none trusted')
  const what = 'none trusted: behind a reverse proxy all clients seem to have its address, and share one limit.'
  return doubt('Proxies', what, 'Set PORTCULLIS_TRUSTED_PROXIES to its address, or ignore this without a proxy.')
}

export const judgeConsole = (indexPage: URL): Finding =>
  existsSync(indexPage)
    ? fine('Console', 'built')
    : fault('Console', 'is not built, so browsers see nothing.', 'Run `npm run build`.')
