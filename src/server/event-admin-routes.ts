import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { formatInstant, type Instant, parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { EventLog, StoredEvent } from '#hub/events/event-log.ts';
import type { Hub } from '#hub/hub.ts';
import { LogDamaged } from '#storage/segment-file.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import { waitFor, waitMsMax } from './wait-for.ts';

const route = defineRoute<UserCaller, Permission>();

/** Read at a time; what is left out of them by a filter does not count as answered. */
const readMax = 500;
/** Of bodies in one answer; one event may go beyond. */
const answerBytesMax = 1024 * 1024;

/** The events of a hub, page after page, for who looks on: nothing is kept for them, and they slow nobody down. */
export function eventAdminRoutes(
  realClock: Pick<Clock, 'after'>,
  hubOf: (query: { hub?: string | undefined }) => Hub,
): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/hub/events',
      permission: 'devices.raw',
      summary: 'Events of the log from a position, or since an instant; at its end it waits for the next',
      query: z.strictObject({
        hub: z.string().max(64).optional(),
        /** A position that an answer gave, `start` or `end`. */
        from: z.union([z.enum(['start', 'end']), z.coerce.number().int().min(0)]).optional(),
        since: z.string().max(64).optional(),
        deviceId: z.string().max(256).optional(),
        source: z.string().max(64).optional(),
        waitMs: z.coerce.number().int().min(0).max(waitMsMax).optional(),
      }),
      async handle({ query }) {
        const { events: log } = hubOf(query);
        const since = sinceOf(query.since);
        const from = await positionOf(log, query.from, since);
        if (from >= log.end && query.waitMs) {
          await waitFor(realClock, query.waitMs, (listener) => log.onBatchDurable(listener));
        }
        const { events, next } = await readPage(
          log,
          from,
          (event) =>
            (query.deviceId === undefined || event.deviceId === query.deviceId) &&
            (query.source === undefined || event.source === query.source) &&
            (since === undefined || event.enqueuedAt >= since),
        );
        return { json: { value: events.map(describe), next, isAtEnd: next >= log.end } };
      },
    }),
  ];
}

function sinceOf(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  const at = parseInstant(text);
  if (at !== undefined) return at;
  throw new Problem('argument-invalid', `'${text}' is no instant such as 2027-01-31T12:00:00Z.`);
}

async function positionOf(
  log: EventLog,
  from: number | 'start' | 'end' | undefined,
  since: Instant | undefined,
): Promise<number> {
  if (typeof from === 'number') return from;
  if (from === 'start') return log.start;
  if (since === undefined) return log.end;
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  const positions = await Promise.all(partitions.map((partition) => log.partitionLog.positionAfterTime(partition, since - 1)));
  return Math.min(...positions);
}

async function readPage(
  log: EventLog,
  from: number,
  isWanted: (event: StoredEvent) => boolean,
): Promise<{ events: StoredEvent[]; next: number }> {
  const events: StoredEvent[] = [];
  let bytes = 0;
  let next = from;
  for (const event of await readOn(log, from)) {
    if (typeof event === 'number') return { events, next: event };
    if (isWanted(event)) {
      bytes += event.body.length;
      if (events.length > 0 && bytes > answerBytesMax) break;
      events.push(event);
    }
    next = event.next;
  }
  return { events, next };
}

/** Events, or where to go on behind a stretch that the disk changed. */
async function readOn(log: EventLog, from: number): Promise<readonly (StoredEvent | number)[]> {
  try {
    return await log.read({ from, max: readMax });
  } catch (error) {
    if (error instanceof LogDamaged) return [error.damage.to];
    throw error;
  }
}

/** A body is text where it is UTF-8. */
function describe(event: StoredEvent) {
  const { position, partition, enqueuedAt, source, deviceId, moduleId, body } = event;
  const { system, application } = event.properties();
  return {
    position,
    partition,
    enqueuedAt: formatInstant(enqueuedAt),
    source,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    systemProperties: system,
    properties: application,
    ...(isUtf8(body) ? { body: body.toString() } : { bodyBase64: body.toString('base64') }),
  };
}
