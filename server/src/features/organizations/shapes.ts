import * as z from 'zod'
import { nameText } from '../../http/shapes.ts'

export const OrganizationChange = z.strictObject({ name: nameText(100) }).meta({ id: 'OrganizationChange' })

export const Instance = z
  .object({ productName: z.string(), mailConfigured: z.boolean(), setUpNeeded: z.boolean() })
  .meta({ id: 'Instance' })
