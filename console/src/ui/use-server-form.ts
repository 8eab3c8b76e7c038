import { type FormErrors, type UseFormInput, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { Problem } from '../api'

type Options<Values extends Record<string, unknown>, Result> = UseFormInput<Values> & {
  initialValues: Values
  send: (values: Values) => Promise<Result>
  onDone: (result: Result, values: Values) => void
  /** At which field a refusal of that code stands. */
  fieldOfCode?: Record<string, keyof Values & string>
}

/** A form that keeps what was typed, shows each fault of the server at its field, and the rest as one sentence. */
export function useServerForm<Values extends Record<string, unknown>, Result>(options: Options<Values, Result>) {
  const { send, onDone, fieldOfCode = {}, ...input } = options
  const form = useForm<Values>(input)
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: send,
    onSuccess: onDone,
    onError: (fault) => showErrors(atFieldsOf(fault)),
  })
  const atFieldsOf = (fault: Error) => faultsAtFields(fault, Object.keys(form.values), fieldOfCode)

  function showErrors(errors: FormErrors) {
    form.setErrors(errors)
    const first = Object.keys(errors)[0]
    if (first) requestAnimationFrame(() => form.getInputNode(first)?.focus())
  }

  const atFields = error ? Object.keys(atFieldsOf(error)).length > 0 : false
  return {
    form,
    pending: isPending,
    failure: atFields ? null : error,
    /** What the server said, for who shows more of it than a sentence per field. */
    fault: error,
    clearFailure: reset,
    onSubmit: form.onSubmit((values) => mutate(values), showErrors),
  }
}

const fieldOf = (path: string) => path.replace(/^\/|^body\./, '').split(/[./]/)[0] ?? ''

function faultsAtFields(error: Error, fields: string[], fieldOfCode: Record<string, string>): Record<string, string> {
  if (!(error instanceof Problem)) return {}
  const field = fieldOfCode[error.code]
  if (field !== undefined) return { [field]: error.message }
  const found = error.errors.filter(({ path }) => fields.includes(fieldOf(path)))
  if (found.length < error.errors.length) return {}
  return Object.fromEntries(found.map(({ path, message }) => [fieldOf(path), message]))
}
