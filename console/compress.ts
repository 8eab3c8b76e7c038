import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const compressible = '**/*.{css,html,js,json,svg}'
/** Below this a compressed answer saves nothing: it fits into one packet anyway. */
const smallestBytes = 1024

/** Writes a Brotli and a gzip file beside each text file of a build; the server sends what the browser takes. */
export function compressFiles(folder: string): void {
  for (const name of globSync(compressible, { cwd: folder, exclude: ['.vite/**'] })) {
    const path = join(folder, name)
    const content = readFileSync(path)
    if (content.length < smallestBytes) continue
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    }
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }))
    writeFileSync(`${path}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }))
  }
}
