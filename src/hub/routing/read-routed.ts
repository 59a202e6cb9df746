import type { Log } from '#base/log.ts';
import { LogDamaged } from '#storage/segment-file.ts';
import type { EventLog, StoredEvent } from '../events/event-log.ts';
import { type RoutedEvent, routedEvent, sizeOf } from './routed-event.ts';

export type RoutedRead = {
  readonly log: Log;
  readonly events: Pick<EventLog, 'start' | 'end' | 'read'>;
  readonly place: number;
};

/** What one look at the log takes. */
const readMax = 1_000;

/** A piece of the log: its events, and where to go on. A damaged stretch is reported and passed over. */
async function readSome({ log, events }: RoutedRead, from: number): Promise<{ stored: readonly StoredEvent[]; next: number }> {
  try {
    const stored = await events.read({ from, max: readMax });
    return { stored, next: stored.at(-1)?.next ?? Math.max(from, events.end) };
  } catch (error) {
    if (!(error instanceof LogDamaged)) throw error;
    log.error('log.damaged-stretch-passed', { ...error.damage });
    return { stored: [], next: error.damage.to };
  }
}

/**
 * What is routed to one place, from a position on: as many events as one call may hold, and where to go on behind them.
 * Where little of what is in the log is meant for the place, the answer may be empty before the end.
 */
export async function readRouted(
  read: RoutedRead,
  from: number,
  max: { readonly events: number; readonly bytes: number },
): Promise<{ events: RoutedEvent[]; next: number }> {
  const events: RoutedEvent[] = [];
  let bytes = 0;
  const { stored, next } = await readSome(read, from);
  for (const each of stored) {
    if ((each.stamp.places & read.place) === 0) continue;
    const event = routedEvent(each, read.place);
    bytes += sizeOf(event);
    if (events.length > 0 && (events.length >= max.events || bytes > max.bytes)) return { events, next: event.position };
    events.push(event);
  }
  return { events, next };
}
