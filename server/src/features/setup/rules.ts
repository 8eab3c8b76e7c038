/** A set-up link lives for a day; a restart prints another. */
export const setupLifetimeMs = 24 * 60 * 60 * 1000
