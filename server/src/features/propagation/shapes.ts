import { z } from 'zod'
import { sentTime } from '../../http/shapes.ts'

export const Propagation = z
  .object({
    version: z.int(),
    savedAt: sentTime(),
    confirmed: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['server', 'verifier']),
        version: z.int().meta({ description: 'The version that it obeys.' }),
        afterMs: z.int().meta({ description: 'How long after that save; 0 if it began later.' }),
        lastSeenAt: sentTime(),
        silentSince: sentTime().optional().meta({ description: 'Set when it was not heard of for three seconds.' }),
        refusesFrom: sentTime().optional().meta({
          description: 'Not sent any more: silence does not show what a server or verifier does.',
          deprecated: true,
        }),
      }),
    ),
  })
  .meta({ id: 'SettingsPropagation' })
