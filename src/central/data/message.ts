import type { Instant } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';

export type EventLog = Hub['events'];
export type StoredEvent = Awaited<ReturnType<EventLog['read']>>[number];

/** What ingest needs of an event, as plain data: it crosses to the worker. */
export type Message = {
  readonly position: number;
  readonly next: number;
  readonly source: StoredEvent['source'];
  readonly deviceId: string;
  readonly enqueuedAt: Instant;
  readonly body: Uint8Array;
  readonly creationTime?: string | undefined;
  readonly component?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Of a lifecycle event: `createDeviceIdentity` or `deleteDeviceIdentity`. */
  readonly operation?: string | undefined;
};

/** Properties are decoded only where there are any: most messages of small devices have none. */
export function messageOf(event: StoredEvent): Message {
  const { position, next, source, deviceId, enqueuedAt, body } = event;
  const message = { position, next, source, deviceId, enqueuedAt, body };
  if (event.bag === '') return message;
  const { system, application } = event.properties();
  return {
    ...message,
    creationTime: system['iothub-creation-time-utc'],
    component: system['dt-subject'],
    contentType: system['content-type'],
    contentEncoding: system['content-encoding'],
    operation:
      source === 'deviceLifecycleEvents' || source === 'twinChangeEvents' ? (application.opType ?? undefined) : undefined,
  };
}
