import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Membership } from '../../shell/session'
import { CreateTokenForm } from '../tokens/create-token-form'
import { SecretShown, useUncopiedToken } from '../tokens/secret-shown'

type Props = { organization: Membership; onStep: (step: number) => void; onDone: () => void }

export function FirstToken({ organization, onStep, onDone }: Props) {
  const [secret, setSecret] = useState<string>()
  const { asking, question, leave, onCopied } = useUncopiedToken(secret, onDone)
  if (asking) return question
  if (secret) return <SecretShown secret={secret} onCopied={onCopied} onDone={leave} done="Open the console" />
  return (
    <CreateTokenForm
      org={organization.id}
      suggestedName="My first token"
      aside={
        <Button variant="default" onClick={onDone}>
          Skip
        </Button>
      }
      onCreated={(created) => {
        setSecret(created.secret)
        onStep(3)
      }}
    />
  )
}
