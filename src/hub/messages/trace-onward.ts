import { instant } from '#base/instant.ts';
import type { Traces } from '#base/traces.ts';
import type { EventCursor } from '../events/event-record.ts';

const property = Buffer.from('traceparent=');
const traceparentBytes = 55;

/** For readers of events: the step of each message that is followed. Undefined where none is, so that nobody looks. */
export function traceReads(traces: Traces | undefined, group: string): ((event: EventCursor) => void) | undefined {
  return (
    traces &&
    (({ block, bagStart, bodyStart, enqueuedAt }) => {
      const bag = block.subarray(bagStart, bodyStart);
      const at = bag.indexOf(property);
      if (at < 0) return;
      const from = at + property.length;
      const traceparent = bag.toString('latin1', from, from + traceparentBytes);
      traces.child(traceparent, 'read', instant(enqueuedAt), { 'homeport.consumer-group': group });
    })
  );
}

type Delivered = {
  readonly application: Readonly<Record<string, string | null>>;
  readonly enqueuedAt: ReturnType<typeof instant>;
};

/** The same for what a destination has taken. */
export function traceRoutes(
  traces: Traces | undefined,
  destination: string,
): ((events: readonly Delivered[]) => void) | undefined {
  return (
    traces &&
    ((events) => {
      for (const { application, enqueuedAt } of events) {
        traces.child(application.traceparent ?? undefined, 'route', enqueuedAt, { 'homeport.destination': destination });
      }
    })
  );
}
