import { Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { paths } from '../paths'
import { TextLink } from '../ui/links'
import { Notice } from '../ui/notice'
import { Centered } from './centered'
import { instanceQuery, useInstance } from './session'
import { SignInForm } from './sign-in-form'

export function SignIn() {
  const { mailConfigured, setUpNeeded } = useInstance()
  const { back } = useSearch({ from: '/sign-in' })
  const { history } = useRouter()
  const queryClient = useQueryClient()

  const go = () => {
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== instanceQuery.queryKey[0] })
    // Only within this console: an address of elsewhere, or `//elsewhere`, would be an open redirect.
    history.replace(back?.startsWith('/') && !/^\/[/\\]/.test(back) ? back : '/')
  }

  return (
    <Centered title="Sign in">
      {setUpNeeded && (
        <Notice tone="lead" title="Nobody has set this up yet">
          Open the set-up link that the server printed when it started.
        </Notice>
      )}
      <SignInForm onSignedIn={go} />
      {mailConfigured ? (
        <TextLink {...paths.forgotPassword()}>Forgot your password?</TextLink>
      ) : (
        <Text c="dimmed">
          Forgot your password? Ask whoever runs this service to run <code>portcullis admin reset-password</code>.
        </Text>
      )}
    </Centered>
  )
}
