import { registerHooks } from 'node:module'

// The generator prints through TypeScript's compiler API, which version 7 doesn't have yet:
// for this process alone, `typescript` means version 6. Goes when the generator can do without.
const typescript6 = import.meta.resolve('typescript-6')
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? typescript6 : specifier, context),
})

const { createClient } = await import('@hey-api/openapi-ts')

// The client isn't committed: it is made anew from the document that the server writes.
await createClient({
  input: process.env.OPENAPI_DOCUMENT ?? '../openapi.json',
  // Its own code doesn't hold under our compiler options; its types do, and are all that we rely on.
  output: { path: 'src/client', entryFile: false, header: '// @ts-nocheck' },
  logs: { level: 'silent' },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
})
