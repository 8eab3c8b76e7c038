import { type Logger, pino } from 'pino'

/** JSON lines on standard output. Whatever may hold a secret is cut out by name, should it ever be handed to the log. */
export const createLog = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        '*.password',
        '*.secret',
        '*.token',
        '*.authorization',
        '*.cookie',
        'password',
        'secret',
        'token',
        'authorization',
        'cookie',
      ],
      censor: '[left out]',
    },
  })
