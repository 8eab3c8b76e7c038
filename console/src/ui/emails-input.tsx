import { Pill, PillsInput } from '@mantine/core'
import { type ClipboardEvent, type KeyboardEvent, useState } from 'react'
import classes from './emails-input.module.css'

const separators = /[\s,;]+/
const address = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>".]{2,}$/

/** `Ada Lovelace <ada@example.com>` is pasted often: the address is what counts. */
const readAddresses = (text: string) =>
  text
    .replace(/[^,;\n<>]*<([^<>]+)>/g, ' $1 ')
    .split(separators)
    .filter(Boolean)

export const looksLikeEmail = (text: string) => text.length <= 254 && address.test(text)

type Props = {
  label: string
  description?: string
  value: string[]
  onChange: (value: string[]) => void
  /** What the server said of single addresses, by their place. */
  faults?: Record<number, string>
  error?: string | undefined
}

/** Several addresses by comma, Enter or paste; a bad one is marked, not dropped. */
export function EmailsInput({ label, description, value, onChange, faults = {}, error }: Props) {
  const [text, setText] = useState('')

  const add = (typed: string) => {
    const fresh = readAddresses(typed).filter(
      (email, index, all) => all.indexOf(email) === index && !value.includes(email),
    )
    if (fresh.length > 0) onChange([...value, ...fresh])
    setText('')
  }
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Backspace' && text === '') onChange(value.slice(0, -1))
    if (!['Enter', ',', ';', ' '].includes(event.key) || (event.key === 'Enter' && text.trim() === '')) return
    event.preventDefault()
    add(text)
  }
  const paste = (event: ClipboardEvent<HTMLInputElement>) => {
    const pasted = event.clipboardData.getData('text')
    if (!separators.test(pasted.trim())) return
    event.preventDefault()
    add(text + pasted)
  }

  return (
    <PillsInput label={label} description={description} error={error}>
      <Pill.Group>
        {value.map((email, index) => (
          <Pill
            key={email}
            className={looksLikeEmail(email) && !faults[index] ? undefined : classes.bad}
            title={faults[index] ?? (looksLikeEmail(email) ? email : `${email} isn’t an email address`)}
            withRemoveButton
            removeButtonProps={{ 'aria-label': `Leave ${email} out`, 'aria-hidden': false, tabIndex: 0 }}
            onRemove={() => onChange(value.filter((other) => other !== email))}
          >
            {email}
          </Pill>
        ))}
        <PillsInput.Field
          inputMode="email"
          value={text}
          placeholder={value.length === 0 ? 'ada@example.com, grace@example.com' : ''}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={press}
          onPaste={paste}
          onBlur={() => add(text)}
          data-autofocus
        />
      </Pill.Group>
    </PillsInput>
  )
}
