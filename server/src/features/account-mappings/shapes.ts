import * as z from 'zod'
import { accountName, exactText, freeText, id, page, paging, reportNameFault, sentTime } from '../../http/shapes.ts'

const displayName = () =>
  freeText(100)
    .refine((text) => !/[\n\t\u2028\u2029]/.test(text), 'Leave out line breaks.')
    .superRefine(reportNameFault)

export const AccountMappingQuery = z.strictObject({
  ...paging,
  accountId: id('mem', 'svc').optional(),
  providerId: id('idp').optional(),
})

export const NewAccountMapping = z
  .strictObject({
    accountId: id('mem', 'svc'),
    providerId: id('idp'),
    subject: exactText(255),
    displayName: displayName().default(''),
  })
  .meta({ id: 'NewAccountMapping' })

/** E3: nothing else can be edited; another subject is another mapping. */
export const AccountMappingChange = z.strictObject({ displayName: displayName() }).meta({ id: 'AccountMappingChange' })

export const AccountMapping = z
  .object({
    id: z.string(),
    accountId: z.string(),
    account: accountName,
    providerId: z.string(),
    provider: z.object({ id: z.string(), name: z.string() }),
    subject: z.string(),
    displayName: z.string(),
    createdAt: sentTime(),
  })
  .meta({ id: 'AccountMapping' })

export const AccountMappingPage = page(AccountMapping).meta({ id: 'AccountMappingPage' })
