import * as z from 'zod'
import { emailAddress, nameText, newPassword, sentTime } from '../../http/shapes.ts'

export const NewSetup = z
  .strictObject({ email: emailAddress(), name: nameText(100), password: newPassword(), organization: nameText(100) })
  .meta({ id: 'NewSetup' })

export const Setup = z.object({ expiresAt: sentTime() }).meta({ id: 'Setup' })
