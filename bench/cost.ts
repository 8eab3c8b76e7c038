/**
 * What a load takes and costs, over HTTP and in process.
 *
 *     npm run cost-model -- --verifications-per-day 1e9 --tokens 1e6 --hosts 50
 */
import { parseArgs } from 'node:util'
import { type Given, type InputName, inProcess, inputs, type Needs, overHttp } from './cost-model.ts'

const names = Object.keys(inputs) as InputName[]

const lines: readonly (readonly [keyof Needs, string, (value: number) => string])[] = [
  ['processes', 'server processes', (it) => it.toFixed(0)],
  ['serverCores', 'cores of the servers at the peak', (it) => it.toFixed(2)],
  ['hostCores', 'cores of your own processes at the peak', (it) => it.toFixed(2)],
  ['serverMemoryGb', 'memory of the servers, GB', (it) => it.toFixed(2)],
  ['hostMemoryGb', 'memory in your own processes, GB', (it) => it.toFixed(2)],
  ['connections', 'connections to PostgreSQL', (it) => it.toFixed(0)],
  ['databaseReadsPerSecond', 'questions to PostgreSQL a second', (it) => it.toFixed(0)],
  ['databaseUsesPerSecond', 'uses written a second', (it) => it.toFixed(0)],
  ['databaseCores', 'cores of PostgreSQL at the peak', (it) => it.toFixed(2)],
  ['costPerDay', 'cost a day', (it) => it.toFixed(2)],
  ['costPerBillion', 'cost per billion verifications', (it) => it.toFixed(2)],
]

/** The needs of both ways side by side, and below them every input with where it comes from. */
export function costText(given: Given): string {
  const [http, sdk] = [overHttp(given), inProcess(given)]
  const row = (what: string, left: string, right: string) =>
    `${what.padEnd(42)}${left.padStart(12)}${right.padStart(14)}`
  const from = names.map((name) => {
    const { value, from } = inputs[name]
    return `  --${name} ${given[name]}  ${given[name] === value ? from : 'given'}`
  })
  return [
    row('', 'over HTTP', 'in process'),
    ...lines.map(([key, what, told]) => row(what, told(http[key]), told(sdk[key]))),
    '',
    `A change is in effect everywhere ${given['propagation-p50-ms']} ms after its answer in the median, ${given['propagation-p100-ms']} ms at the latest.`,
    '',
    'Rests on:',
    ...from,
  ].join('\n')
}

function givenBy(args: readonly string[]): Given {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ args: [...args], options })
  const entries = names.map((name) => {
    const value = values[name] === undefined ? inputs[name].value : Number(values[name])
    if (!(Number.isFinite(value) && value >= 0)) throw new Error(`--${name} is not a number: ${values[name]}`)
    return [name, value] as const
  })
  return Object.fromEntries(entries) as Given
}

if (import.meta.main) process.stdout.write(`${costText(givenBy(process.argv.slice(2)))}\n`)
