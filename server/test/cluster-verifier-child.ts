import { createVerifier } from '../../sdk/src/index.ts'
import type { Called, Told } from './cluster-verifier.ts'

/**
 * A host with a verifier, as a process of its own: asks it about tokens on and on, and tells what it answered and when
 * it was asked, by the clock that all processes of a machine share.
 */
const [url = '', key = ''] = process.argv.slice(2)
const verifier = createVerifier({ url, key, name: 'cluster' })
const tell = (it: Told) => process.send?.(it)

const watched = new Map<string, { timer: NodeJS.Timeout; pending: Set<Promise<void>> }>()
let calls: Called[] = []

async function call(token: string): Promise<void> {
  const at = process.hrtime.bigint()
  const answer = await verifier.verify(token)
  calls.push({ token, at: String(at), outcome: answer.active ? 'accepted' : answer.reason })
}

function watch(token: string): void {
  const pending = new Set<Promise<void>>()
  const ask = () => {
    const asked = call(token).then(() => void pending.delete(asked))
    pending.add(asked)
  }
  watched.set(token, { timer: setInterval(ask, 5), pending })
}

async function leave(token: string): Promise<void> {
  const it = watched.get(token)
  clearInterval(it?.timer)
  await Promise.all(it?.pending ?? [])
  tell({ calls, left: token })
  calls = []
}

setInterval(() => {
  if (calls.length > 0) tell({ calls })
  calls = []
}, 20)

process.on('message', (it: { watch: string } | { leave: string }) => {
  if ('watch' in it) watch(it.watch)
  else void leave(it.leave)
})
process.on('disconnect', () => process.exit(0))

await verifier.ready()
tell({ calls: [] })
