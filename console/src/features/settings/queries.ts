import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getSettings, getSettingsImpact, saveSettings } from '../../client/sdk.gen'
import type { GetSettingsImpactResponse, GetSettingsResponse } from '../../client/types.gen'

export type Settings = GetSettingsResponse
export type Choice = Settings['apiTokens']
export type Impact = GetSettingsImpactResponse

export const settingsQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'settings'],
    queryFn: () => ask(getSettings({ path: { org } })),
  })

export const impactQuery = (org: string, apiTokens: Choice) =>
  queryOptions({
    queryKey: ['organization', org, 'impact', apiTokens],
    queryFn: () => ask(getSettingsImpact({ path: { org }, body: { apiTokens } })),
    staleTime: 5000,
  })

export const putSettings = (org: string, apiTokens: Choice, version: Settings['version']) =>
  ask(saveSettings({ path: { org }, headers: { 'If-Match': `"${version}"` }, body: { apiTokens } }))
