import type { Settings } from '../../config.ts'
import type { DatabaseFacts } from '../../db/facts.ts'
import { doubt, type Finding, fault, fine } from './finding.ts'

const oldestPostgres = 15
const skewDoubtMs = 1000
const skewFaultMs = 30_000

export function judgeVersion(facts: DatabaseFacts, embedded: boolean): Finding {
  const name = `PostgreSQL ${facts.versionText}${embedded ? ', embedded' : ''}`
  return facts.version >= oldestPostgres * 10_000
    ? fine('Database', name)
    : fault('Database', `${name} is too old.`, `Move to PostgreSQL ${oldestPostgres} or later.`)
}

/** `askedAtMs` and `answeredAtMs` are this machine's clock around the question. */
export function judgeClock(databaseMs: number, askedAtMs: number, answeredAtMs: number): Finding {
  const outsideMs = Math.max(askedAtMs - databaseMs, databaseMs - answeredAtMs, 0)
  if (outsideMs <= skewDoubtMs) return fine('Clock', 'this machine and the database agree')
  const what = `this machine and the database differ by ${(outsideMs / 1000).toFixed(1)} s: tokens expire at the wrong time.`
  const mend = 'Synchronize both with NTP (`timedatectl status` tells whether it runs).'
  return outsideMs > skewFaultMs ? fault('Clock', what, mend) : doubt('Clock', what, mend)
}

export function judgeMigrations(pending: readonly string[]): Finding {
  return pending.length === 0
    ? fine('Migrations', 'all done')
    : doubt(
        'Migrations',
        `still to do: ${pending.join(', ')}.`,
        'Run `portcullis migrate`, or just start: it does them.',
      )
}

/** O1's second wall. */
export function judgeWall(facts: DatabaseFacts): Finding[] {
  if (!facts.schema) return []
  if (!facts.schema.unbound) return [fine('Second wall', `row-level security binds the role ${facts.role}`)]
  const mend =
    'Give DATABASE_URL a role that owns nothing, and PORTCULLIS_MIGRATION_URL the owner; `portcullis migrate` grants the rest.'
  return [doubt('Second wall', `row-level security does not bind the role ${facts.role}, which owns the tables.`, mend)]
}

export function judgeOrganizations(facts: DatabaseFacts): Finding[] {
  if (!facts.schema) return []
  const { organizations } = facts.schema
  if (organizations > 0) return [fine('Organizations', String(organizations))]
  const mend =
    'Open the set-up link that `portcullis start` prints, or run `portcullis organization create --name NAME --admin-email EMAIL`.'
  return [doubt('Organizations', 'none yet: nobody can sign in.', mend)]
}

const mends: readonly (readonly [codes: RegExp, mend: string])[] = [
  [/^ECONNREFUSED$/, 'See whether PostgreSQL runs there, and whether host and port in DATABASE_URL are right.'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'Correct the host in DATABASE_URL, or mend the name service.'],
  [/^(ETIMEDOUT|08\w{3})$/, 'See whether a firewall stands between this machine and the database.'],
  [/^28\w{3}$/, 'Correct user and password in DATABASE_URL and PORTCULLIS_MIGRATION_URL.'],
  [/^3D000$/, 'Create the database, or correct its name in DATABASE_URL.'],
  [/^42501$/, 'Run `portcullis migrate`: it gives the role of the service its rights.'],
  [
    /^25006$/,
    'Let DATABASE_URL and PORTCULLIS_MIGRATION_URL lead to the primary, with default_transaction_read_only off.',
  ],
  [/^TRANSACTION_POOLING$/, 'Set the pooler to session mode for this database, or let the addresses go past it.'],
  [/^(53100|ENOSPC)$/, 'Make room on the disk of the database.'],
]

/** How to mend a database that cannot be asked, by the code of its error (PostgreSQL's or the operating system's). */
export function mendOfFailure(error: unknown, { database, dataFolder }: Settings): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  const code = String((inner as NodeJS.ErrnoException).code ?? '')
  const known = mends.find(([codes]) => codes.test(code))?.[1]
  if (known) return known
  return database.kind === 'embedded'
    ? `Look at the log of the instance; if ${dataFolder} is damaged, restore a backup of it.`
    : 'Look at the log of the database.'
}
