/** Every bound on what a client may take of us. Times in milliseconds. */
export interface Limits {
  maxHeaderBytes: number
  headersMs: number
  requestMs: number
  /** Longer than proxies keep idle connections (60 s as a rule), so that they close first and no request is lost. */
  keepAliveMs: number
  /** A connection on which nothing moves, in either direction. */
  silenceMs: number
  /** How often the times above are looked after. */
  checkMs: number
  maxConnections: number
  /** Of these, one address's that is no trusted proxy's; an IPv6 /64 counts as one. */
  maxConnectionsPerClient: number
  /** Of the router; token verification has a pool of its own of the same size. */
  maxInFlight: number
  /** Of these, one address's, counted as its connections are. A proxy's clients are counted each by itself. */
  maxInFlightPerClient: number
  /** Of these, one connection's: requests that are sent before the answers to earlier ones (RFC 9112 §9.3.2). */
  maxAhead: number
  /** The same where the router is asked. */
  maxAheadAtRouter: number
  /** Requests whose body has not arrived in full; beyond, the oldest is dropped. */
  maxOwingBody: number
  /** The time in which a body, or each further `minBodyBytes` of it, must arrive. */
  bodyMs: number
  minBodyBytes: number
  /** Bytes of answers that a connection, and all of them together, may leave unread. */
  maxUnreadBytes: number
  maxUnreadBytesInAll: number
}

export const usualLimits: Limits = {
  maxHeaderBytes: 32 * 1024,
  headersMs: 15_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  silenceMs: 120_000,
  checkMs: 5_000,
  maxConnections: 10_000,
  maxConnectionsPerClient: 2_000,
  maxInFlight: 2_000,
  maxInFlightPerClient: 500,
  maxAhead: 20,
  maxAheadAtRouter: 4,
  maxOwingBody: 256,
  bodyMs: 5_000,
  minBodyBytes: 64 * 1024,
  maxUnreadBytes: 4 * 1024 * 1024,
  maxUnreadBytesInAll: 64 * 1024 * 1024,
}
