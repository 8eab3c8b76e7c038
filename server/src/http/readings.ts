import type { Lease } from '../db/feed.ts'
import type { Load } from '../db/lending.ts'
import { counter, gauge, type Reading } from './metrics.ts'

interface Sources {
  rememberedTokens: () => number
  lease: Pick<Lease, 'applied' | 'ageMs'>
  load: () => Load
  queueWaiting: () => number
  refusedCatalogues: () => number
  ofrepStreams: () => number
  verifierStreams: () => number
  oldestKeysMs: () => number
  isReady: () => boolean
  pendingMails: () => number
}

/** In place from the first moment, so that a process that never reached its database can be told from one that did. */
export const readyGauge = (isReady: () => boolean): Reading =>
  gauge('portcullis_ready', '1 while this process may take requests, as /readyz says.', () => (isReady() ? 1 : 0))

/** The figures that others keep, read when metrics are asked for; docs/operations.md explains each. */
export const readingsOf = (of: Sources): Reading[] => [
  readyGauge(of.isReady),
  gauge('portcullis_remembered_tokens', 'Tokens in memory.', of.rememberedTokens),
  gauge('portcullis_feed_number', 'Last applied entry of the change feed.', () => of.lease.applied),
  gauge(
    'portcullis_lease_age_seconds',
    'Time since the database confirmed that memory is up to date.',
    () => of.lease.ageMs / 1000,
  ),
  gauge('portcullis_database_in_use', 'Database connections that are lent.', () => of.load().inUse),
  gauge('portcullis_database_waiting', 'Requests that wait for a connection.', () => of.load().waiting),
  counter(
    'portcullis_database_refused_total',
    'Requests that were not let wait for a connection, since too many did.',
    () => of.load().refused,
  ),
  gauge('portcullis_queue_waiting', "Reads and changes that wait for their organization's turn.", of.queueWaiting),
  counter(
    'portcullis_catalogue_refused_total',
    'Reloads of the catalogue of preview features that were refused, since it was broken.',
    of.refusedCatalogues,
  ),
  gauge('portcullis_ofrep_streams', 'Open event streams.', of.ofrepStreams),
  gauge('portcullis_verifier_streams', 'Open streams of changes to verifiers.', of.verifierStreams),
  gauge('portcullis_mails_pending', 'Mails of all processes that wait to be sent.', of.pendingMails),
  gauge(
    'portcullis_jwks_age_seconds',
    "Age of the oldest key set of an OAuth provider in memory; over 600 a provider's keys cannot be fetched.",
    () => of.oldestKeysMs() / 1000,
  ),
]
