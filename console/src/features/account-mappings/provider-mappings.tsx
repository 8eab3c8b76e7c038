import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Name } from '../../ui/name'
import { Section } from '../../ui/page'
import { RowMenu } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import classes from './account-mappings.module.css'
import { MappingDialogs, useMappingActions } from './mapping-dialogs'
import { type AccountMapping, mappingsQuery } from './queries'

type Props = { provider: { id: string; subjectClaim: string } }

/** Who a provider's tokens act as, on the provider's page. */
export function ProviderMappings({ provider: { id: providerId, subjectClaim } }: Props) {
  const { id: org, slug } = useMembership()
  const mappings = useInfiniteQuery(mappingsQuery(org, { providerId }))
  const actionsOf = useMappingActions()
  const { open } = useDialog()

  const add = <Button onClick={() => open('add-mapping')}>Add mapping</Button>
  const columns: Column<AccountMapping>[] = [
    {
      key: 'account',
      header: 'Account',
      width: 'minmax(0, 1.4fr)',
      cell: ({ account: { id, kind, name } }) => (
        <TextLink {...(kind === 'member' ? paths.member(slug, id) : paths.serviceAccount(slug, id))} c="inherit">
          <Name>{name}</Name>
        </TextLink>
      ),
    },
    {
      key: 'subject',
      header: 'Subject',
      width: 'minmax(0, 2fr)',
      cell: ({ subject }) => (
        <code className={classes.subject}>
          <bdi>{subject}</bdi>
        </code>
      ),
    },
    {
      key: 'name',
      header: 'Display name',
      cell: ({ displayName }) => <bdi className={classes.name}>{displayName || '–'}</bdi>,
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (mapping) => (
        <RowMenu label={`Actions for the mapping of ${mapping.account.name}`} actions={actionsOf(mapping)} />
      ),
    },
  ]
  return (
    <Section title="OAuth account mappings" order={3} actions={add}>
      <DataTable
        label="OAuth account mappings"
        rows={mappings}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title="No account mappings yet" order={4}>
            A token opens the API once its {subjectClaim} claim is mapped to an account: then it acts as that account,
            with its role.
          </Empty>
        }
      />
      <MappingDialogs mappings={mappings.data} providerId={providerId} />
    </Section>
  )
}
