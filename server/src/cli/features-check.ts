import { faultLines, readCatalogueFile } from '../features/catalogue/actions.ts'
import { type Feature, stages } from '../features/catalogue/rules.ts'
import type { Outcome, Print } from './command.ts'

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

function summaryOf(features: readonly Feature[]): string {
  const perStage = stages
    .map((stage) => ({ stage, count: features.filter((it) => it.stage === stage).length }))
    .filter((it) => it.count > 0)
    .map(({ stage, count }) => `${count} ${stage}`)
  return [counted(features.length, 'feature'), ...perStage].join(', ')
}

/** F1: looks through a catalogue as the start would, without an instance or a database. */
export async function checkFeatures(file: string, print: Print): Promise<Outcome> {
  const read = await readCatalogueFile(file)
  if (read.ok) {
    print(`${file} is good: ${summaryOf(read.features)}.`)
    return { exitCode: 0 }
  }
  for (const line of faultLines(file, read.faults)) print(line)
  print(`${counted(read.faults.length, 'fault')}. A start refuses this file; a running instance keeps the one before.`)
  return { exitCode: 1 }
}
