import type { Cancel } from '#base/clock.ts';
import type { Log } from '#base/log.ts';

/**
 * A promise that failed with nobody waiting for it is a bug of ours. Node's own answer is to end the process,
 * which would let one peer that found such a bug cut off all the others; so it is written down, and whatever
 * waited for that promise goes without: a request or a connection dies of our bugs, and the process does not.
 */
export function surviveRejections(log: Log): Cancel {
  const note = (reason: unknown): void => {
    log.error('promise.unhandled', { error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) });
  };
  process.on('unhandledRejection', note);
  return () => process.off('unhandledRejection', note);
}
