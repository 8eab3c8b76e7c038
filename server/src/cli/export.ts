import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { command } from './command.ts'
import { fileFault, writeExport } from './export-file.ts'

/** Absolute, since whoever runs the command may stand in another folder than who typed it. */
export const filePath = z.string().max(4096).refine(isAbsolute, 'Must be an absolute path.')

/** Everything of the instance in one file, as it is at one moment, while it serves. */
export const exportAll = command({
  name: 'export',
  args: z.strictObject({ file: filePath }),
  run: async ({ deps, dump }, { file }, print) => {
    let rows: number | undefined
    try {
      rows = await dump((snapshot) => writeExport(file, snapshot, deps.now()))
    } catch (error) {
      const fault = fileFault(error)
      if (fault === undefined) throw error
      print(`Nothing was exported: ${fault}`)
      return { exitCode: 1 }
    }
    if (rows === undefined) {
      print(`There is a file already, and it stays as it is: ${file}`)
      return { exitCode: 1 }
    }
    print(`Exported ${rows} rows to ${file}.`)
    print('It holds addresses, password hashes and encrypted second factors: keep it as safe as the database.')
    return { exitCode: 0 }
  },
})
