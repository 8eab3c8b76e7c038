import { createVerifier } from '../../sdk/src/index.ts'
import { clockMs } from '../paced.ts'
import { resourceKey } from '../processes.ts'
import { buildSightings, readQuestion } from '../sightings.ts'

/** A host that asks its own verifier about one token each millisecond, and about ten others so that it has work. */
const others = 10
const question = readQuestion()
const verifier = createVerifier({ url: `http://127.0.0.1:${question.ports[0]}`, key: resourceKey, name: 'bench' })
await verifier.ready()
const sightings = buildSightings(1)
let asked = 0

setInterval(async () => {
  for (let i = 0; i < others; i += 1) {
    asked += 1
    void verifier.verify(question.others[asked % question.others.length] ?? '')
  }
  const sentAtMs = clockMs()
  const { active } = await verifier.verify(question.probe)
  sightings.note(0, active, sentAtMs)
}, 1)
process.send?.({ port: 0 })
