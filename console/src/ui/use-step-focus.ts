import { useEffect, useRef } from 'react'

/** Each step begins at its first field, or at the one that something is wrong with. */
export function useStepFocus(step: number) {
  const fields = useRef<HTMLDivElement>(null)
  const shown = useRef(step)
  useEffect(() => {
    // The dialog itself begins where it opens.
    if (shown.current === step) return
    shown.current = step
    const form = fields.current?.closest('form')
    const target = form?.querySelector<HTMLElement>('[aria-invalid=true]') ?? form?.querySelector('[data-autofocus]')
    if (target instanceof HTMLElement) target.focus()
  }, [step])
  return fields
}
