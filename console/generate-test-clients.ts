import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'

// Both generators print through TypeScript's compiler API, which version 7 does not have yet (see generate-client.ts).
const typescript6 = import.meta.resolve('typescript-6')
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? typescript6 : specifier, context),
})

/** Generates a client by each of two generators into a folder; a test compiles them. */
const [folder = ''] = process.argv.slice(2)
const document = new URL('../openapi.json', import.meta.url)

const { createClient } = await import('@hey-api/openapi-ts')
await createClient({
  input: document.pathname,
  output: { path: join(folder, 'hey-api') },
  logs: { level: 'silent' },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
})

const { default: createTypes, astToString } = await import('openapi-typescript')
writeFileSync(join(folder, 'openapi-typescript.ts'), astToString(await createTypes(document)))
