import { Divider, Stack } from '@mantine/core'
import { useInstance } from '../../shell/session'
import { usePageTitle } from '../../ui/page'
import { NameSection } from './name-section'
import { PasswordSection } from './password-section'
import { SecondFactorSection } from './second-factor-section'
import { SessionsSection } from './sessions-section'

/** "Account": what belongs to the person, in every organization. */
export function AccountPage() {
  const { productName } = useInstance()
  usePageTitle('Account', productName)
  return (
    <Stack gap="xl" mt="lg" maw={680}>
      <NameSection />
      <Divider />
      <PasswordSection />
      <Divider />
      <SecondFactorSection />
      <Divider />
      <SessionsSection />
    </Stack>
  )
}
