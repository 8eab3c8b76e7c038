import { canonicalizeEmail, isEmailAddress } from '../../../server/src/kernel/emails.ts'
import { TextsInput } from './texts-input'

const separators = /[\s,;]+/

/**
 * `"Doe, Jane" <jane@example.com>; Smith, Bob <bob@example.com>` is what mail programs copy: with angle brackets, what
 * stands in them is an address and the rest a display name, commas included (RFC 5322 §3.4).
 */
export function readAddresses(text: string): string[] {
  const bracketed = /(?:"(?:[^"\\]|\\.)*"|[^<>";\n@])*<([^<>]+)>/g
  return text.replace(bracketed, ' $1 ').split(separators).filter(Boolean)
}

export const looksLikeEmail = (text: string) => isEmailAddress(canonicalizeEmail(text))

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
export function EmailsInput({ faults = {}, ...props }: Props) {
  return (
    <TextsInput
      {...props}
      placeholder="ada@example.com, grace@example.com"
      inputMode="email"
      read={readAddresses}
      separator={separators}
      endKeys={[',', ';', ' ']}
      faultOf={(email, index) =>
        faults[index] ?? (looksLikeEmail(email) ? undefined : `${email} isn’t an email address`)
      }
    />
  )
}
