import { startPeer } from './processes.ts'
import type { Row } from './table.ts'

export interface Remembered {
  port: number
  heapPerToken: number
  stringsPerToken: number
  /** Less than were shown to it, if those were more than it may remember. */
  tokens: number
}

/** A memory to which so many tokens were shown. */
export async function remembered(tokens: number): Promise<Remembered> {
  const child = await startPeer<Remembered>('remembered.ts', { NODE_OPTIONS: '--expose-gc', TOKENS: `${tokens}` })
  await child.stop()
  return child.said
}

/** Heap per remembered token, on top of twice the length of its strings. */
export async function memoryRows(): Promise<Row[]> {
  const { heapPerToken, stringsPerToken, tokens } = await remembered(100_000)
  return [
    {
      what: 'memory per remembered token',
      where: 'in process',
      figure: heapPerToken - 2 * stringsPerToken,
      unit: 'bytes',
      mark: { atMost: 150 },
      beside: '2 × its strings',
      detail: `${heapPerToken.toFixed(0)} bytes of heap, ${stringsPerToken.toFixed(0)} of strings; ${tokens} tokens`,
    },
  ]
}
