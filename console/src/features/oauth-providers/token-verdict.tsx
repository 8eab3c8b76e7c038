import { Button, Stack, Text, Title } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { Notice } from '../../ui/notice'
import { roles } from '../members/words'
import classes from './oauth-providers.module.css'
import type { TokenChecks } from './queries'
import { adviceFor, summaryOf } from './words'

/** Every check with its outcome: what failed first, with what to do about it. */
export function TokenVerdict({ result, onMap }: { result: TokenChecks; onMap: () => void }) {
  const { accepted, checks } = result
  const failed = checks.filter(({ passed }) => !passed)
  const passed = checks.filter(({ passed }) => passed)
  return (
    <Stack gap="md">
      <Notice tone={accepted ? 'good' : 'bad'} title={summaryOf(result)} role="status">
        <ActsAs result={result} />
      </Notice>
      {failed.length > 0 && (
        <section aria-label="Failed checks">
          <Title order={3} mb={6}>
            Failed
          </Title>
          <ul className={classes.checks}>
            {failed.map((check) => (
              <li key={check.name} className={`${classes.check} ${classes.failed}`}>
                <IconX size={16} aria-hidden />
                <Text fw={550}>{check.name}</Text>
                <div className={classes.detail}>
                  {check.detail} {adviceFor(check)}
                </div>
                {check.name === 'Account mapping' && passed.some(({ name }) => name === 'Subject') && (
                  <div className={classes.detail}>
                    <Button size="xs" variant="default" mt={4} onClick={onMap}>
                      Add mapping
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {passed.length > 0 && (
        <section aria-label="Passed checks">
          <Title order={3}>Passed</Title>
          <ul className={classes.passed}>
            {passed.map(({ name }) => (
              <li key={name}>
                <IconCheck size={16} aria-hidden />
                {name}
              </li>
            ))}
          </ul>
        </section>
      )}
    </Stack>
  )
}

function ActsAs({ result: { accepted, account, role } }: { result: TokenChecks }) {
  const { slug } = useMembership()
  if (!account) return null
  const page = account.kind === 'member' ? paths.member(slug, account.id) : paths.serviceAccount(slug, account.id)
  return (
    <>
      {accepted ? 'It acts as' : 'Its subject is mapped to'}{' '}
      <TextLink {...page} inherit c="inherit" td="underline">
        <bdi>{account.name}</bdi>
      </TextLink>
      {role && ` with the role ${roles[role]}`}.
    </>
  )
}
