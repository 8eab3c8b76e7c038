import { type ReactNode, useState } from 'react'
import { Dialog } from '../../ui/dialog'
import { SecretShown, useUncopiedToken } from './secret-shown'

type Props = {
  title: string
  /** The form that leads to a secret. */
  children: (show: (secret: string) => void) => ReactNode
  onClose: () => void
}

/** A form, then the secret that it made; leaving before copying asks once, however one leaves. */
export function SecretDialog({ title, children, onClose }: Props) {
  const [secret, setSecret] = useState<string>()
  const { asking, question, leave, onCopied } = useUncopiedToken(secret, onClose)
  if (secret === undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        {children(setSecret)}
      </Dialog>
    )
  }
  return (
    <Dialog key="secret" title={asking ? 'Close without copying?' : 'Your new token'} size="lg" onClose={leave}>
      {asking ? question : <SecretShown secret={secret} onCopied={onCopied} onDone={leave} />}
    </Dialog>
  )
}
