import { systemClock } from './clock.ts';
import { formatInstant } from './instant.ts';
import { openStandardError } from './line-writer.ts';

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

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof levels)[number];

export type LogDestination = { write(line: string): void };

/** What a member with such a name holds is not written: a last net below the Secret type. */
const secretNames = new Set(['password', 'token', 'key', 'privateKey', 'sasToken']);

const standardError = openStandardError((lines) => `${renderLine('warn', 'log.dropped', { lines })}\n`);

/** JSON lines on standard error, or to `destination`. */
export function openLog(level: LogLevel, destination: LogDestination = standardError): Log {
  const lowest = levels.indexOf(level);
  const at = (name: LogLevel) => (event: string, fields?: LogFields) => {
    if (levels.indexOf(name) >= lowest) destination.write(`${renderLine(name, event, fields)}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function renderLine(level: LogLevel, event: string, fields: LogFields = {}): string {
  const time = formatInstant(systemClock.now());
  try {
    return JSON.stringify({ level, time, ...fields, event }, renderMember);
  } catch (error) {
    // A circle, or a getter that throws: the event itself is told.
    return JSON.stringify({ level, time, unwritable: String(error), event });
  }
}

function renderMember(name: string, value: unknown): unknown {
  if (secretNames.has(name)) return '[Redacted]';
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? String(value) : value;
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
