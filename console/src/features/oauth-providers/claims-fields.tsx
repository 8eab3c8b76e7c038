import { Checkbox, Group, Stack, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import classes from './oauth-providers.module.css'
import { fixedField, moreFields, type ProviderForm } from './provider-form'
import { algorithms, duration } from './words'

type Props = {
  form: ProviderForm
  /** Why the subject claim can't be changed. */
  subjectReason?: string | undefined
  autoFocus?: boolean
}

/** What is read from a token, with the rest folded away: its defaults fit nearly every provider. */
export function ClaimsFields({ form, subjectReason, autoFocus = false }: Props) {
  return (
    <>
      <TextInput
        label="Subject claim"
        description={
          subjectReason ?? 'Says whose token it is. It must never change, and never be given to somebody else.'
        }
        required
        {...(subjectReason !== undefined && fixedField)}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        {...(autoFocus && { 'data-autofocus': true })}
        {...form.getInputProps('subjectClaim')}
      />
      <TextInput
        label="Scope claim"
        description="May hold the id of a role: then the token acts with that role, if its account has it."
        required
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('scopeClaim')}
      />
      <Checkbox
        label="Require a role in the scope"
        description="Tokens that name no role of this organization are refused."
        {...form.getInputProps('requireScope', { type: 'checkbox' })}
      />
      <MoreFields form={form} />
    </>
  )
}

function MoreFields({ form }: { form: ProviderForm }) {
  const [open, setOpen] = useState(false)
  const amiss = moreFields.some((field) => form.errors[field])
  // Nothing that is wrong stays hidden.
  useEffect(() => {
    if (amiss) setOpen(true)
  }, [amiss])
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={classes.more}>More</summary>
      <Stack gap="md" mt="sm">
        <Checkbox.Group
          label="Signature algorithms"
          description="Those that the provider signs access tokens with."
          {...form.getInputProps('algorithms')}
        >
          <Group gap="xs" mt="xs">
            {algorithms.map((algorithm) => (
              <Checkbox key={algorithm} value={algorithm} label={algorithm} w={92} />
            ))}
          </Group>
        </Checkbox.Group>
        <TextInput
          label="Clock tolerance"
          description="In seconds, at most 60: how far the provider’s clock may be off."
          inputMode="numeric"
          {...form.getInputProps('clockTolerance')}
        />
        <TextInput
          label="Longest lifetime"
          description={`In seconds${spelledOut(form.values.maxLifetime)}. Tokens that live longer are refused.`}
          inputMode="numeric"
          {...form.getInputProps('maxLifetime')}
        />
      </Stack>
    </details>
  )
}

const spelledOut = (typed: string) => {
  const seconds = Number(typed)
  return Number.isInteger(seconds) && seconds >= 60 ? `: ${duration(seconds)}` : ''
}
