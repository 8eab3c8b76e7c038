import { Group as Line, Paper, Skeleton, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { TextLink } from '../../ui/links'
import { Failure } from '../../ui/notice'
import { Section } from '../../ui/page'
import { ReasonedButton } from '../../ui/reasoned-button'
import { RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { providersQuery } from '../oauth-providers/queries'
import classes from './account-mappings.module.css'
import { MappingDialogs, useMappingActions } from './mapping-dialogs'
import { mappingsQuery } from './queries'

type Props = {
  accountId: string
  /** Why this account can't have any now. */
  reason?: string | undefined
}

/** The subjects of one account, on its page; at most one for each provider. */
export function AccountMappings({ accountId, reason }: Props) {
  const { id: org, slug } = useMembership()
  const { data: mappings, error } = useInfiniteQuery(mappingsQuery(org, { accountId }))
  const { data: providers } = useInfiniteQuery(providersQuery(org))
  const actionsOf = useMappingActions()
  const { open } = useDialog()
  const none = providers?.length === 0
  const refused = reason ?? (none ? 'Add an OAuth provider first.' : undefined)
  const add = (
    <ReasonedButton variant="default" reason={refused} disabled={!providers} onClick={() => open('add-mapping')}>
      Add mapping
    </ReasonedButton>
  )
  return (
    <Section title="OAuth account mappings" order={3} actions={add}>
      <Failure error={error} />
      {!mappings && !error && <Skeleton h={24} w={200} />}
      {mappings?.length === 0 && (
        <Text c="dimmed">
          {reason ?? 'Not mapped to any subject: no token of an OAuth provider acts as this account.'}
        </Text>
      )}
      {mappings?.length === 0 && none && <TextLink {...paths.oauthProviders(slug)}>OAuth providers</TextLink>}
      {mappings?.map((mapping) => (
        <Paper key={mapping.id} withBorder px="md" py={6}>
          <Line justify="space-between" gap="sm" wrap="nowrap">
            <Line gap="2px 12px" miw={0}>
              <TextLink {...paths.oauthProvider(slug, mapping.providerId)}>
                <bdi>{mapping.provider.name}</bdi>
              </TextLink>
              <code className={classes.subject}>
                <bdi>{mapping.subject}</bdi>
              </code>
              {providers?.some(({ id, enabled }) => id === mapping.providerId && !enabled) && <Tag>Disabled</Tag>}
              {mapping.displayName && (
                <Text c="dimmed">
                  <bdi>{mapping.displayName}</bdi>
                </Text>
              )}
            </Line>
            <RowMenu label={`Actions for the mapping at ${mapping.provider.name}`} actions={actionsOf(mapping)} />
          </Line>
        </Paper>
      ))}
      <MappingDialogs mappings={mappings} accountId={accountId} />
    </Section>
  )
}
