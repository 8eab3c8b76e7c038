import { Pill, PillsInput } from '@mantine/core'
import { type ClipboardEvent, type HTMLAttributes, type KeyboardEvent, useState } from 'react'
import classes from './texts-input.module.css'

type Props = {
  label: string
  description?: string
  placeholder: string
  value: string[]
  onChange: (value: string[]) => void
  /** What was typed or pasted, as single texts. */
  read: (typed: string) => string[]
  /** Whether a paste holds several, which are then taken apart at once. */
  separator: RegExp
  /** Keys beside Enter that end a text. */
  endKeys: string[]
  /** Why a text isn't good: it is marked, not dropped. */
  faultOf?: (text: string, index: number) => string | undefined
  error?: string | undefined
  inputMode?: HTMLAttributes<HTMLInputElement>['inputMode']
  /** The field's name in its form. */
  'data-path'?: string
}

/** Several texts in one field, by key or paste. */
export function TextsInput(props: Props) {
  const { label, description, placeholder, value, onChange, read, separator, endKeys, faultOf, error } = props
  const [text, setText] = useState('')

  const add = (typed: string) => {
    const fresh = read(typed).filter((one, index, all) => all.indexOf(one) === index && !value.includes(one))
    if (fresh.length > 0) onChange([...value, ...fresh])
    setText('')
  }
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === 'Backspace' && text === '') onChange(value.slice(0, -1))
    if (event.key === 'Enter' ? text.trim() === '' : !endKeys.includes(event.key)) return
    event.preventDefault()
    add(text)
  }
  const paste = (event: ClipboardEvent<HTMLInputElement>) => {
    const pasted = event.clipboardData.getData('text')
    if (!separator.test(pasted.trim())) return
    event.preventDefault()
    add(text + pasted)
  }

  return (
    <PillsInput label={label} description={description} error={error}>
      <Pill.Group>
        {value.map((one, index) => {
          const fault = faultOf?.(one, index)
          return (
            <Pill
              key={one}
              className={fault ? classes.bad : undefined}
              title={fault ?? one}
              withRemoveButton
              removeButtonProps={{ 'aria-label': `Leave ${one} out`, 'aria-hidden': false, tabIndex: 0 }}
              onRemove={() => onChange(value.filter((other) => other !== one))}
            >
              {one}
            </Pill>
          )
        })}
        <PillsInput.Field
          inputMode={props.inputMode}
          value={text}
          placeholder={value.length === 0 ? placeholder : ''}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={press}
          onPaste={paste}
          onBlur={() => add(text)}
          data-path={props['data-path']}
          data-autofocus
        />
      </Pill.Group>
    </PillsInput>
  )
}
