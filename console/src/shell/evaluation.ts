import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { ask } from '../api'
import { client } from '../client/client.gen'
import { useMembership } from './session'

/** The features of this console that are governed by the catalogue themselves (F7). */
export type FeatureKey = 'token-insights' | 'command-palette'

type Flag = {
  key: string
  value?: boolean
  metadata?: {
    badge?: string
    title?: string
    docsUrl?: string
    feedbackUrl?: string
    since?: string
    plannedEnd?: string
  }
}
/** A bulk answer of the OpenFeature Remote Evaluation Protocol. */
type Evaluation = { flags: Flag[]; eventStreams?: { type: string; url: string }[] }

const retryMs = 10_000

/** What is on for whom it is asked, as any host product asks it (F6): never read from the settings. */
export const evaluationQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'evaluation'],
    queryFn: () =>
      ask(
        client.post<{ 200: Evaluation }>({
          url: '/ofrep/v1/evaluate/flags',
          headers: { 'Content-Type': 'application/json', 'IB-Context': org },
          body: { context: {} },
        }),
      ),
    staleTime: 60_000,
    refetchOnWindowFocus: 'always',
    // Without an answer there is no stream that would say when to ask again.
    refetchInterval: ({ state }) => (state.status === 'error' ? retryMs : false),
    retry: false,
  })

export type Feature = { key: string; on: boolean } & NonNullable<Flag['metadata']>

function featureOf(evaluation: Evaluation | undefined, key: string): Feature {
  const flag = evaluation?.flags.find((it) => it.key === key)
  return { key, on: flag?.value === true, ...flag?.metadata }
}

/** A feature as it stands for this organization: whether it is on, and what its tag says. */
export function useFeature(key: FeatureKey): Feature {
  return featureOf(useEvaluation().data, key)
}

/** Any feature by its key, those of the host product too. */
export function useFeatures(): (key: string) => Feature {
  const { data } = useEvaluation()
  return (key) => featureOf(data, key)
}

export const useEvaluation = () => useQuery(evaluationQuery(useMembership().id))

/**
 * What an admin changes shows on every open page at once: the stream says when to ask again. A page that nobody looks
 * at lets go of it, since a browser gives all pages of one address six connections (HTTP/1.1), and asks when it is back.
 */
export function useEvaluationStream() {
  const { id: org } = useMembership()
  const queryClient = useQueryClient()
  const { data } = useEvaluation()
  const visible = useVisible()
  const [attempt, setAttempt] = useState(0)
  const missed = useRef(false)
  const url = data?.eventStreams?.find(({ type }) => type === 'sse')?.url
  // Of this very server, whatever address it gives itself: nothing else may be asked from here.
  const { pathname: ticket, search: since } = url ? new URL(url, window.location.origin) : { pathname: '', search: '' }
  // Each answer says anew since when; an open stream knows that by itself.
  const seen = useRef(since)
  seen.current = since

  useEffect(() => {
    if (!ticket || !visible) return
    const again = () => void queryClient.invalidateQueries({ queryKey: evaluationQuery(org).queryKey })
    const stream = new EventSource(ticket + seen.current)
    let later: ReturnType<typeof setTimeout> | undefined
    stream.onmessage = again
    stream.onopen = () => {
      if (missed.current) again()
      missed.current = false
    }
    stream.onerror = () => {
      missed.current = true
      if (stream.readyState !== EventSource.CLOSED) return
      // Refused for good: its ticket has run out, and the next answer brings another.
      later = setTimeout(() => {
        again()
        setAttempt((count) => count + 1)
      }, retryMs)
    }
    return () => {
      clearTimeout(later)
      stream.close()
      missed.current = true
    }
  }, [org, ticket, visible, attempt, queryClient])
}

function useVisible() {
  const [visible, setVisible] = useState(!document.hidden)
  useEffect(() => {
    const look = () => setVisible(!document.hidden)
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return visible
}
