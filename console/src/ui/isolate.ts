/** A name inside of a plain text: its direction stays its own, as `bdi` does among elements (UAX #9 §2.4.2). */
export const isolate = (name: string): string => `\u2068${name}\u2069`
