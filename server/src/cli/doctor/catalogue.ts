import type { Settings } from '../../config.ts'
import { faultLines, readCatalogueFile } from '../../features/catalogue/actions.ts'
import { type Finding, fault, fine } from './finding.ts'

/** F1: a broken catalogue refuses the next start, though a running instance goes on with the one before. */
export async function judgeCatalogue({ featuresFile: file }: Pick<Settings, 'featuresFile'>): Promise<Finding> {
  if (file === undefined) return fine('Features', 'no catalogue: the console’s own two previews alone')
  const read = await readCatalogueFile(file)
  if (read.ok) return fine('Features', `${read.features.length} in ${file}`)
  const [first = ''] = faultLines(file, read.faults)
  const more = read.faults.length > 1 ? ` (and ${read.faults.length - 1} more)` : ''
  return fault('Features', `${first}${more}`, `Mend it, and run \`portcullis features check ${file}\`.`)
}
