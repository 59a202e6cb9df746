import { type DestinationStream, pino } from 'pino';

export type LogFields = Record<string, unknown>;

/**
 * Where events go. Events are named noun.verb (`device.connected`); ids are fields, payloads and
 * secrets never are. Info is for what an operator acts on; nothing is logged per message above debug.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines by pino. Values of fields that are named like a secret are replaced, as a last net
 * below the Secret type.
 */
export function openLog(level: LogLevel, destination?: DestinationStream): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['password', 'token', 'key', 'privateKey', 'sasToken', '*.password', '*.token', '*.privateKey'] },
      messageKey: 'event',
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  };
}

/** `log`, with `fields` on every line. */
export function logWith(log: Log, fields: LogFields): Log {
  return {
    debug: (event, more) => log.debug(event, { ...fields, ...more }),
    info: (event, more) => log.info(event, { ...fields, ...more }),
    warn: (event, more) => log.warn(event, { ...fields, ...more }),
    error: (event, more) => log.error(event, { ...fields, ...more }),
  };
}

/** Says nothing; for tests that are not about the log. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
