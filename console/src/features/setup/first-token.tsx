import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Membership } from '../../shell/session'
import { CreateTokenForm } from '../tokens/create-token-form'
import { SecretShown } from '../tokens/secret-shown'

type Props = { organization: Membership; onStep: (step: number) => void; onDone: () => void }

export function FirstToken({ organization, onStep, onDone }: Props) {
  const [secret, setSecret] = useState<string>()
  if (secret) return <SecretShown secret={secret} onCopied={() => undefined} onDone={onDone} done="Open the console" />
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
