import * as z from 'zod'
import { freeText, nameText, page, paging, searchText } from '../../http/shapes.ts'

const name = () => nameText(100)
const description = () => freeText(500)

export const GroupQuery = z.strictObject({ ...paging, search: searchText().optional() })

export const NewGroup = z
  .strictObject({ name: name(), description: description().default('') })
  .meta({ id: 'NewGroup' })

export const GroupChange = z
  .strictObject({ name: name().optional(), description: description().optional() })
  .meta({ id: 'GroupChange' })

/** P6: deleting a selected group wants `?confirm=true`. */
export const GroupDeletion = z.strictObject({
  confirm: z
    .enum(['true', 'false'])
    .default('false')
    .transform((it) => it === 'true'),
})

export const Group = z
  .object({ id: z.string(), name: z.string(), description: z.string(), memberCount: z.int() })
  .meta({ id: 'Group' })

export const GroupPage = page(Group).meta({ id: 'GroupPage' })
