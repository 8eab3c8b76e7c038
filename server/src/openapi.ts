import { readFileSync, writeFileSync } from 'node:fs'
import { openApiOf } from './http/openapi.ts'
import { described } from './wire.ts'

/** Writes `openapi.json` at the root of the repo, or with `--check` fails when it is not what the routes declare. */
const file = new URL('../../openapi.json', import.meta.url)
const fresh = `${JSON.stringify(openApiOf(described), null, 2)}\n`
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== fresh) {
    console.error('openapi.json is not what the routes declare: run `npm run openapi` and commit it.')
    process.exit(1)
  }
} else {
  writeFileSync(file, fresh)
}
