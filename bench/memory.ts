import { startPeer } from './processes.ts'
import type { Row } from './table.ts'

/** Heap per remembered token, on top of twice the length of its strings. */
export async function memoryRows(): Promise<Row[]> {
  const child = await startPeer<{ port: number; heapPerToken: number; stringsPerToken: number; tokens: number }>(
    'remembered.ts',
    {
      NODE_OPTIONS: '--expose-gc',
    },
  )
  const { heapPerToken, stringsPerToken, tokens } = child.said
  await child.stop()
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
