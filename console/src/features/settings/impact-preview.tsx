import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ImpactPanel } from '../impact/impact-panel'
import { sameChoice } from './choice'
import { type Choice, impactQuery } from './queries'

/** What saving would do (P9). It follows the choices at its own pace: choosing never waits for it. */
export function ImpactPreview({ org, choice }: { org: string; choice: Choice }) {
  const [asked] = useDebouncedValue(choice, 250)
  const { data, error, isPlaceholderData } = useQuery({ ...impactQuery(org, asked), placeholderData: keepPreviousData })
  return <ImpactPanel impact={data} error={error} stale={isPlaceholderData || !sameChoice(asked, choice)} />
}
