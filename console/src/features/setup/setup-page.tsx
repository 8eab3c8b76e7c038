import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { Problem } from '../../api'
import { paths } from '../../paths'
import { Centered, CenteredSkeleton } from '../../shell/centered'
import { Trouble } from '../../shell/dead-ends'
import { instanceQuery, type Membership, meQuery } from '../../shell/session'
import { ButtonLink } from '../../ui/links'
import { Notice } from '../../ui/notice'
import { FirstToken } from './first-token'
import { setupQuery } from './queries'
import { SetupForm } from './setup-form'
import { SetupSteps } from './setup-steps'

/** The one-time link of a first start: account, organization, first token, one command that works. */
export function SetupPage() {
  const { secret } = useParams({ from: '/setup/$secret' })
  const [step, setStep] = useState(0)
  const [organization, setOrganization] = useState<Membership>()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { isPending, error, refetch } = useQuery({ ...setupQuery(secret), enabled: !organization })

  const created = async () => {
    queryClient.removeQueries({ queryKey: meQuery.queryKey })
    const me = await queryClient.fetchQuery(meQuery)
    setOrganization(me.organizations[0])
    setStep(2)
    void queryClient.invalidateQueries({ queryKey: instanceQuery.queryKey })
  }
  if (error && !organization && !(error instanceof Problem && error.status === 404)) {
    return (
      <Centered title="Set up">
        <Trouble error={error} onRetry={refetch} />
      </Centered>
    )
  }
  if (error && !organization) {
    return (
      <Centered title="This link can’t be used">
        <Notice>
          This set-up link has been used or has expired. Sign in if you already have an account. Otherwise restart the
          server to get a new link.
        </Notice>
        <ButtonLink {...paths.signIn()} variant="default">
          Sign in
        </ButtonLink>
      </Centered>
    )
  }
  if (isPending && !organization) return <CenteredSkeleton />
  return (
    <Centered title="Set up" wide about={<SetupSteps current={step} />}>
      {organization ? (
        <FirstToken
          organization={organization}
          onStep={setStep}
          onDone={() => void navigate({ ...paths.apis(organization.slug), replace: true })}
        />
      ) : (
        <SetupForm secret={secret} step={step} onStep={setStep} onCreated={created} />
      )}
    </Centered>
  )
}
