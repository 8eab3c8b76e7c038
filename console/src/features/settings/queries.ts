import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getSettings, getSettingsImpact, getSettingsPropagation, saveSettings } from '../../client/sdk.gen'
import type { GetSettingsPropagationResponse, GetSettingsResponse } from '../../client/types.gen'

export type Settings = GetSettingsResponse
export type Choice = Omit<Settings['apiTokens'], 'beforeStop'>

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

export type Propagation = GetSettingsPropagationResponse

const isBehind = ({ version, confirmed }: Propagation) =>
  confirmed.some((it) => it.version < version && it.silentSince === undefined)

/** Who obeys the last save (P11): asked for quickly while somebody is yet to confirm it. */
export const propagationQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'propagation'],
    queryFn: () => ask(getSettingsPropagation({ path: { org } })),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && isBehind(state.data) ? 300 : 3000),
  })

/** `beforeStopVersion` names the setting that this save restores exactly (P13). */
export const putSettings = (
  org: string,
  apiTokens: Choice,
  { version, beforeStopVersion }: { version: number; beforeStopVersion?: number | undefined },
) =>
  ask(
    saveSettings({
      path: { org },
      headers: { 'If-Match': `"${version}"` },
      body: { apiTokens, ...(beforeStopVersion !== undefined && { beforeStopVersion }) },
    }),
  )
