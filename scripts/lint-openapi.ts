import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createConfig, lint } from '@redocly/openapi-core'
import spectral, { type RulesetDefinition } from '@stoplight/spectral-core'
import parsers from '@stoplight/spectral-parsers'
import { oas } from '@stoplight/spectral-rulesets'

/** Lints openapi.json by the strictest common rule sets, Redocly's `recommended-strict` and Spectral's `spectral:oas`. */

const path = fileURLToPath(new URL('../openapi.json', import.meta.url))

async function lintWithRedocly(): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] })
  const problems = await lint({ ref: path, config })
  return problems.map(
    ({ ruleId, message, location }) => `redocly ${ruleId}: ${message} (${location[0]?.pointer ?? ''})`,
  )
}

async function lintWithSpectral(): Promise<string[]> {
  const linter = new spectral.Spectral()
  // The type of the published rule set lacks optional members that the type of a definition requires.
  linter.setRuleset({ extends: [[oas as unknown as RulesetDefinition, 'recommended']] })
  const document = new spectral.Document(readFileSync(path, 'utf8'), parsers.Json, path)
  const problems = await linter.run(document)
  return problems.map(({ code, message, path: at }) => `spectral ${code}: ${message} (${at.join('/')})`)
}

const findings = [...(await lintWithRedocly()), ...(await lintWithSpectral())]
for (const finding of findings) console.error(finding)
if (findings.length > 0) process.exitCode = 1
