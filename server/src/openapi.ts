import { readFileSync, writeFileSync } from 'node:fs'
import { catalogueSchema } from './features/catalogue/shapes.ts'
import { openApiOf } from './http/openapi.ts'
import { described } from './routes.ts'

/** Writes what is generated from declarations and committed, or with `--check` fails when it is not what they say. */
const generated = { 'openapi.json': openApiOf(described), 'docs/features.schema.json': catalogueSchema() }
for (const [name, content] of Object.entries(generated)) {
  const file = new URL(`../../${name}`, import.meta.url)
  const fresh = `${JSON.stringify(content, null, 2)}\n`
  if (!process.argv.includes('--check')) writeFileSync(file, fresh)
  else if (readFileSync(file, 'utf8') !== fresh) {
    console.error(`${name} is not what the code declares: run \`npm run openapi\` and commit it.`)
    process.exitCode = 1
  }
}
