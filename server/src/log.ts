import { type DestinationStream, type Logger, pino } from 'pino'

const telling = ['password', 'secret', 'token', 'authorization', 'cookie']

/** JSON lines on standard output. Whatever may hold a secret is cut out by name, should it ever be handed to the log. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: telling.flatMap((it) => [it, `*.${it}`]), censor: '[left out]' },
  }
  return destination ? pino(options, destination) : pino(options)
}
