import { readFileSync } from 'node:fs'

/** What the browser must have before a page shows: the entry, the page, and all that they import, counted once. */
const manifest = JSON.parse(readFileSync(new URL('./dist/.vite/manifest.json', import.meta.url), 'utf8'))

function filesOf(...entries) {
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    for (const next of manifest[key].imports ?? []) visit(next)
  }
  for (const entry of entries) visit(entry)
  return [...new Set([...seen].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]))].map(
    (file) => `dist/${file}`,
  )
}

const firstLoad = (name, page) => ({ name, path: filesOf('index.html', page), limit: '250 kB', gzip: true })

export default [
  firstLoad('first load: sign-in', 'src/shell/sign-in.tsx'),
  firstLoad('first load: APIs', 'src/features/tokens/apis-page.tsx'),
]
