/**
 * What our SQL and our parsers rely on. A login, a database or a whole server may have other defaults, so every
 * connection sets them, in one statement, since poolers may refuse start-up parameters.
 *
 * `default_transaction_read_only` is not among them: an operator or a failover tool sets it to fence a server off, and
 * what is fenced must not be written to.
 */
const required: Readonly<Record<string, string>> = {
  // Only ISO is parsed; another style would make an expiration unreadable.
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  // A change must see what was committed before it got its lock.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  search_path: 'public, pg_temp',
  row_security: 'on',
  lock_timeout: '0',
  idle_session_timeout: '0',
}

/** Only PostgreSQL 17 and later know it, and it would end migrations and exports. */
const unlimited =
  "case when current_setting('transaction_timeout', true) is not null then set_config('transaction_timeout', '0', false) end"

/**
 * An acknowledged revocation must survive a crash, and a failover to a synchronous standby: `off`, `local` and
 * `remote_write` promise less than that, `remote_apply` promises more.
 */
const synchronousCommit =
  "set_config('synchronous_commit', case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, false)"

/** True where a write would fail: on a standby, or with `default_transaction_read_only`. */
export const notWritable = "(pg_is_in_recovery() or current_setting('transaction_read_only')::boolean)"

/** True where each commit waits for a standby. */
export const isSynchronous = "(current_setting('synchronous_standby_names') <> '')"

/** One statement that sets all of it and tells in `not_writable` whether the server can write. */
export const sessionStatement = `select ${[
  ...Object.entries(required).map(([name, value]) => `set_config('${name}', '${value}', false)`),
  unlimited,
  synchronousCommit,
].join(', ')}, ${notWritable} as not_writable`
