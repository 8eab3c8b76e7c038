import { Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { useInstance, useMembership } from '../../shell/session'
import { CopyLine } from '../../ui/copy'
import { Empty } from '../../ui/empty'
import { Notice } from '../../ui/notice'
import { Section, usePageTitle } from '../../ui/page'
import { ReasonedButton } from '../../ui/reasoned-button'
import { useDialog } from '../../ui/use-dialog'
import { abilityQuery, tokensQuery } from './queries'
import { TokensTable } from './tokens-table'
import { whySuspended } from './words'

const TokenDialogs = lazy(async () => ({ default: (await import('./token-dialogs')).TokenDialogs }))

/** "APIs": the person's own tokens, and what to send with a request. */
export function ApisPage() {
  const { id: org, accountId, name } = useMembership()
  const { productName } = useInstance()
  const tokens = useInfiniteQuery(tokensQuery(org, { accountId: 'me' }))
  const { data: ability } = useQuery(abilityQuery(org, accountId))
  const { open } = useDialog()
  usePageTitle('APIs', name, productName)

  const refused = ability?.allowed === false ? (ability.message ?? 'You can’t create tokens at the moment.') : undefined
  const suspended = tokens.data?.some(({ state }) => state === 'suspended') ?? false
  // Turned off for all, the notice says it; limited to groups, the sentence names them.
  const told = suspended && ability?.code === 'token_creation_disabled'
  const create = (
    <ReasonedButton reason={refused} disabled={!ability} onClick={() => open('create-token')}>
      Create token
    </ReasonedButton>
  )
  return (
    <Stack gap="xl" mt="lg">
      <Section
        title={`${productName} tokens`}
        about="A program that calls the API shows a token to say who it is. It acts as you, with your role in this organization."
        actions={create}
      >
        {suspended && ability && (
          <Notice tone="wait" title="Your tokens are suspended">
            {whySuspended(ability)}
          </Notice>
        )}
        {refused && !told && <Text>{refused}</Text>}
        <TokensTable
          label={`${productName} tokens`}
          rows={tokens}
          refreshReason={refused}
          empty={
            <Empty title="No tokens yet" action={!refused && create}>
              {refused
                ? 'When you may create tokens, they are listed here.'
                : 'Create one for each program, machine or job, so that you can take back any of them alone. The secret is shown once.'}
            </Empty>
          }
        />
      </Section>
      <Section
        title="Calling the API"
        about={
          <>
            If you belong to several organizations, say which one a request is for with the <code>IB-Context</code>{' '}
            header.
          </>
        }
      >
        <div>
          <CopyLine label="Organization id" value={org} copyLabel="Copy organization id" />
          <CopyLine label="Account id" value={accountId} copyLabel="Copy account id" />
          <CopyLine label="Header to send" value={`IB-Context: ${org}`} copyLabel="Copy header" />
        </div>
      </Section>
      <Suspense fallback={null}>
        <TokenDialogs />
      </Suspense>
    </Stack>
  )
}
