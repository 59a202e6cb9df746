import type { NewEvent } from '#hub/events/event-log.ts';

export type RecordedEvent = {
  readonly source: NewEvent['source'];
  readonly deviceId: string;
  readonly moduleId?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** An event log that only remembers, for tests of what is written to one. */
export function recordedEvents() {
  const events: RecordedEvent[] = [];
  return {
    events,
    append(event: NewEvent): number {
      const pairs = event.bag.split('&').filter((piece) => piece !== '');
      const properties = Object.fromEntries(pairs.map((piece) => piece.split('=').map(decodeURIComponent)));
      const { source, deviceId, moduleId } = event;
      const body = JSON.parse(event.body.toString());
      events.push({ source, deviceId, ...(moduleId === undefined ? {} : { moduleId }), properties, body });
      return events.length;
    },
    /** `operation` of each event of `source`, in order. */
    operations(source: NewEvent['source']): string[] {
      return events.filter((event) => event.source === source).map((event) => event.properties.opType ?? '');
    },
  };
}
