import { Button, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ChangeEvent } from 'react'
import { ask, Problem } from '../../api'
import { discoverOAuthProvider } from '../../client/sdk.gen'
import { fixedField, type ProviderForm } from './provider-form'

/** Fills the JWKS URL from the issuer's own metadata; what goes wrong stands at the issuer, and nothing typed is lost. */
export function useDiscovery(org: string, form: ProviderForm) {
  return useMutation({
    mutationFn: (issuer: string) => ask(discoverOAuthProvider({ path: { org }, body: { issuer } })),
    onMutate: () => form.clearFieldError('issuer'),
    onSuccess: ({ jwksUrl }) => {
      form.setFieldValue('jwksUrl', jwksUrl)
      form.clearFieldError('jwksUrl')
    },
    onError: (fault) => {
      const said = fault instanceof Problem ? fault.errors[0]?.message : undefined
      form.setFieldError('issuer', said ?? fault.message)
      form.getInputNode('issuer')?.focus()
    },
  })
}

export type Discovery = ReturnType<typeof useDiscovery>

type Props = { form: ProviderForm; discovery: Discovery; fixed?: boolean }

/** Who the provider is, and where its keys are. */
export function IssuerFields({ form, discovery, fixed = false }: Props) {
  const find = () => {
    if (form.validateField('issuer').hasError) return form.getInputNode('issuer')?.focus()
    discovery.mutate(form.values.issuer.trim())
  }
  const found = discovery.isSuccess && discovery.data.jwksUrl === form.values.jwksUrl
  const issuer = form.getInputProps('issuer')
  const changeIssuer = (event: ChangeEvent<HTMLInputElement>) => {
    issuer.onChange(event)
    // What was found belongs to the issuer that was asked.
    if (found) form.setFieldValue('jwksUrl', '')
  }
  return (
    <>
      <TextInput
        label="Name"
        description="How it is called in this console."
        required
        maxLength={200}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <TextInput
        label="Issuer"
        description={
          fixed
            ? 'The issuer is fixed. For another one, add another provider.'
            : 'Exactly as in the token’s iss claim, for instance https://login.example.com'
        }
        required
        {...(fixed && fixedField)}
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        rightSection={
          <Button size="compact-sm" variant="default" loading={discovery.isPending} onClick={find}>
            Find
          </Button>
        }
        rightSectionWidth={66}
        {...issuer}
        onChange={changeIssuer}
      />
      <div>
        <TextInput
          label="JWKS URL"
          description="Where the provider publishes its public keys. “Find” fills it in from the issuer."
          required
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('jwksUrl')}
        />
        <Text size="xs" c="dimmed" aria-live="polite">
          {discovery.isPending ? 'Asking the issuer …' : found ? 'Found at the issuer.' : ''}
        </Text>
      </div>
    </>
  )
}
