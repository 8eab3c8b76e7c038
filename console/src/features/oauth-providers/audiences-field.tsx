import { TextsInput } from '../../ui/texts-input'
import type { ProviderForm } from './provider-form'

const separator = /[,\r\n\t]+/

/** Compared exactly, so only what can't be part of one is taken away. */
const readAudiences = (text: string) =>
  text
    .split(separator)
    .map((one) => one.trim())
    .filter(Boolean)

/** What a token must be meant for. */
export function AudiencesField({ form }: { form: ProviderForm }) {
  return (
    <TextsInput
      label="Audiences"
      description="What the provider writes into the token’s aud claim for your API. Several: separate them with a comma or Enter, or paste a list."
      placeholder="https://api.example.com"
      inputMode="url"
      read={readAudiences}
      separator={separator}
      endKeys={[',']}
      value={form.values.audiences}
      onChange={(audiences) => form.setFieldValue('audiences', audiences)}
      error={form.errors.audiences as string | undefined}
      data-path="audiences"
    />
  )
}
