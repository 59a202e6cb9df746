import type { Log } from '#base/log.ts';
import type { EventPosition } from '#wire/azure/event-position.ts';
import type { PartitionLog } from './partition-log.ts';
import { PartitionReader } from './partition-reader.ts';

/**
 * A reader of a partition that begins where it was asked to. Before what is kept it begins at the oldest event; behind the
 * end, at the next one to come.
 */
export async function openReader(
  log: Log,
  events: PartitionLog,
  partition: number,
  start: EventPosition,
): Promise<PartitionReader> {
  const from = { log, events, partition };
  const latest = () => new PartitionReader({ ...from, position: events.end });
  if (start.kind === 'latest') return latest();
  if (start.kind === 'earliest') return new PartitionReader({ ...from, position: events.start });
  const { value, isInclusive } = start;
  if (start.kind === 'offset') {
    if (value >= events.end) return latest();
    const position = await events.positionAtOffset(partition, value);
    return new PartitionReader({
      ...from,
      position,
      isBefore: (event) => (isInclusive ? event.position < value : event.position <= value),
    });
  }
  if (start.kind === 'sequence') {
    // Readers count from 0, the log from 1.
    const first = value + (isInclusive ? 1 : 2);
    if (first > events.appendedSequence(partition) + 1) return latest();
    const position = await events.positionOfSequence(partition, first);
    return new PartitionReader({ ...from, position, isBefore: (event) => event.sequence < first });
  }
  const after = isInclusive ? value - 1 : value;
  const position = await events.positionAfterTime(partition, after);
  return new PartitionReader({ ...from, position, isBefore: (event) => event.enqueuedAt <= after });
}
