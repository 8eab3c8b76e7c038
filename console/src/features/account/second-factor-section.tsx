import { Button, Group, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Section } from '../../ui/page'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { DisableSecondFactor } from './disable-second-factor'
import { EnableSecondFactor } from './enable-second-factor'
import { sessionQuery } from './queries'

export function SecondFactorSection() {
  const { data, isPending } = useQuery(sessionQuery)
  const { dialog, open, close } = useDialog()
  const on = data?.user.twoFactorEnabled === true
  return (
    <Section
      title="Second factor"
      about="After your password, a code from an authenticator app on your phone. A stolen password alone is then worth nothing."
    >
      {isPending ? (
        <Skeleton h={36} w={200} />
      ) : (
        <Group gap="md">
          <Tag tone={on ? 'good' : 'calm'}>{on ? 'On' : 'Off'}</Tag>
          <Button variant="default" onClick={() => open(on ? 'disable-second-factor' : 'enable-second-factor')}>
            {on ? 'Turn off' : 'Turn on'}
          </Button>
        </Group>
      )}
      {dialog === 'enable-second-factor' && !on && <EnableSecondFactor onClose={close} />}
      {dialog === 'disable-second-factor' && on && <DisableSecondFactor onClose={close} />}
    </Section>
  )
}
