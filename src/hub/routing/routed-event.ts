import { formatInstantTicks, type Instant, instant } from '#base/instant.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { readRoutedBody } from '#lang/routing/evaluate.ts';
import type { EventSource, StoredEvent } from '../events/event-log.ts';
import { additionsAt } from '../events/routing-stamp.ts';

/** An event on its way to a destination, with what is added to it there. */
export type RoutedEvent = {
  readonly position: number;
  /** Where to go on behind it. */
  readonly next: number;
  readonly partition: number;
  readonly source: EventSource;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  readonly enqueuedAt: Instant;
  readonly system: Readonly<Record<string, string>>;
  readonly application: Readonly<Record<string, string | null>>;
  readonly body: Buffer;
};

export function routedEvent(stored: StoredEvent, place: number): RoutedEvent {
  const { position, next, partition, source, deviceId, moduleId, enqueuedAt, body, stamp } = stored;
  const { system, application } = stored.properties();
  const added = Object.fromEntries(additionsAt(stamp, place));
  return {
    position,
    next,
    partition,
    source,
    deviceId,
    moduleId,
    enqueuedAt,
    system,
    application: { ...application, ...added },
    // Whoever keeps it must not keep the block of the log with it.
    body: Buffer.from(body),
  };
}

/** About as much as its record has. */
export function sizeOf({ body, system, application }: RoutedEvent): number {
  return body.length + Buffer.byteLength(JSON.stringify([system, application])) + 200;
}

/** What the cloud's records call the properties of the system. */
const recordNames: Readonly<Record<string, string>> = {
  'iothub-connection-device-id': 'connectionDeviceId',
  'iothub-connection-module-id': 'connectionModuleId',
  'iothub-connection-auth-method': 'connectionAuthMethod',
  'iothub-connection-auth-generation-id': 'connectionDeviceGenerationId',
  'content-type': 'contentType',
  'content-encoding': 'contentEncoding',
  'message-id': 'messageId',
  'correlation-id': 'correlationId',
  'user-id': 'userId',
  'iothub-enqueuedtime': 'enqueuedTime',
};

/** As the cloud writes events in JSON: the body as it is where it says of itself that it is JSON, otherwise in Base64. */
export function formatRecord(event: RoutedEvent): JsonObject {
  const { system, application, body } = event;
  const read: Json | undefined = readRoutedBody(event);
  return {
    EnqueuedTimeUtc: formatInstantTicks(event.enqueuedAt),
    Properties: { ...application },
    SystemProperties: Object.fromEntries(Object.entries(system).map(([name, value]) => [recordNames[name] ?? name, value])),
    Body: read === undefined ? body.toString('base64') : read,
  };
}

/** For a row of its own, when the log forgets it. */
export function formatStored(event: RoutedEvent): string {
  return JSON.stringify({ ...event, body: event.body.toString('base64') });
}

/** Of what `formatStored` wrote. */
export function parseStored(text: string): RoutedEvent {
  const { body, enqueuedAt, ...event } = JSON.parse(text);
  return { ...event, enqueuedAt: instant(enqueuedAt), body: Buffer.from(body, 'base64') };
}
