import { catalogueSchema } from '../features/catalogue/shapes.ts'
import { docsPage } from './docs-page.ts'

const json = (text: string) => () =>
  new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } })
const html = (text: string) => () =>
  new Response(text, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' } })

/** The documents of the API, made once: `/openapi.json` for machines, `/docs` for people, the catalogue's schema for editors (F1). */
export const documentsOf = (openApi: Record<string, unknown>, productName: string): Record<string, () => Response> => ({
  '/openapi.json': json(JSON.stringify(openApi)),
  '/schemas/features.json': json(JSON.stringify(catalogueSchema())),
  '/docs': html(docsPage(openApi, productName)),
})
