import { introspect } from '../gate.ts'
import { Pace } from '../paced.ts'
import { resourceKey } from '../processes.ts'
import { buildSightings, readQuestion } from '../sightings.ts'

/**
 * Asks several servers about one token a thousand times a second each, and as often about others so that they have
 * work. A process of its own, so that neither what saves nor what is asked delays its notes.
 */
const perSecond = 1000
const { ports, probe, others } = readQuestion()
const requestOf = introspect(`Bearer ${resourceKey}`, '/oauth2/introspect')
const sightings = buildSightings(ports.length)

const paces = await Promise.all(
  ports.flatMap((port, place) => [
    Pace.start({ port, requests: [requestOf(probe)] }, perSecond, {
      answered: (answer, sentAtMs) => sightings.note(place, answer.includes('"active":true'), sentAtMs),
    }),
    Pace.start({ port, requests: others.map(requestOf) }, perSecond),
  ]),
)
setInterval(() => {
  for (const pace of paces) pace.sendDue()
}, 1)
process.send?.({ port: 0 })
