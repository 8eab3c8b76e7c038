import { Button, Stack, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { ask } from '../../api'
import { createOAuthProvider } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { useStepFocus } from '../../ui/use-step-focus'
import { AudiencesField } from './audiences-field'
import { ClaimsFields } from './claims-fields'
import { IssuerFields, useDiscovery } from './issuer-fields'
import { ProviderFacts } from './provider-facts'
import { bodyOf, checks, fieldOfCode, noProvider, steps } from './provider-form'

const review = steps.length - 1

/** Issuer, audiences, claims, and all of it to read before anything is created. */
export function AddProviderDialog({ onClose }: { onClose: () => void }) {
  const { id: org, slug } = useMembership()
  const [step, setStep] = useState(0)
  const refresh = useRefresh()
  const navigate = useNavigate()
  const { form, pending, failure, clearFailure, onSubmit } = useServerForm({
    initialValues: noProvider,
    validate: checks,
    fieldOfCode,
    send: (values) => ask(createOAuthProvider({ path: { org }, body: bodyOf(values) })),
    onDone: ({ id }) => {
      notify('Provider added')
      void refresh('oauth-providers', 'tokens')
      void navigate({ ...paths.oauthProvider(slug, id), replace: true })
    },
  })
  const discovery = useDiscovery(org, form)
  const fields = useStepFocus(step)

  // What the server finds fault with is shown where it was typed.
  const faulty = steps.findIndex(({ fields }) => fields.some((field) => form.errors[field]))
  useEffect(() => {
    if (!pending && step === review && faulty >= 0) setStep(faulty)
  }, [pending, step, faulty])

  const goTo = (next: number) => {
    clearFailure()
    setStep(next)
  }
  const forward = async () => {
    const [first] = steps[step]!.fields.filter((field) => form.validateField(field).hasError)
    // Without a JWKS URL going on means finding it.
    if (first === 'jwksUrl' && form.values.jwksUrl.trim() === '') {
      const found = await discovery.mutateAsync(form.values.issuer.trim()).catch(() => undefined)
      return found && goTo(step + 1)
    }
    if (first) return form.getInputNode(first)?.focus()
    goTo(step + 1)
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    if (step === review) return onSubmit(event)
    event.preventDefault()
    void forward()
  }
  return (
    <Dialog title={steps[step]!.title} size="lg" onClose={onClose}>
      <form noValidate onSubmit={submit}>
        <Stack gap="md" ref={fields}>
          <Text size="sm" c="dimmed">
            Step {step + 1} of {steps.length}
          </Text>
          {step === 0 && <IssuerFields form={form} discovery={discovery} />}
          {step === 1 && <AudiencesField form={form} />}
          {step === 2 && <ClaimsFields form={form} autoFocus />}
          {step === review && (
            <>
              <ProviderFacts provider={bodyOf(form.values)} named />
              <Text c="dimmed">
                Nothing changes for anyone yet: a token of this provider opens the API once its subject is mapped to an
                account.
              </Text>
            </>
          )}
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={step === 0 ? onClose : () => goTo(step - 1)}>
            {step === 0 ? 'Cancel' : 'Back'}
          </Button>
          <Button
            key={step}
            type="submit"
            loading={pending || (step === 0 && discovery.isPending)}
            {...(step === review && { 'data-autofocus': true })}
          >
            {step === review ? 'Add provider' : 'Next'}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
