import type { Problem } from '#base/problem.ts';
import { formatTraceparent, type Traces } from '#base/traces.ts';
import { decodeBagPairs } from '#wire/azure/message-properties.ts';
import type { NewEvent } from '../events/event-log.ts';

/** How devices and readers spell it among the properties of a message. */
const property = 'traceparent';

type Done = (problem?: Problem) => void;

/**
 * The event with its trace, and what is to be called when it is durable. A message that brings a `traceparent` belongs to
 * its sender's trace; one that brings none may begin one. What follows the log finds our span in the same property.
 */
export function traceTelemetry(traces: Traces, event: NewEvent, protocol: string, done?: Done): { event: NewEvent; done?: Done } {
  const pairs = event.bag.includes(property) ? decodeBagPairs(event.bag) : [];
  const begun = traces.begin(pairs.find(([name]) => name === property)?.[1] ?? undefined);
  if (!begun) return { event, ...(done && { done }) };
  const { context, parentSpanId } = begun;
  const { deviceId, enqueuedAt: startAt, body } = event;
  const rest = event.bag
    .replace(/\/$/, '')
    .split('&')
    .filter((part) => part !== '' && !part.startsWith(`${property}=`));
  const traceparent = formatTraceparent(context);
  return {
    event: { ...event, bag: [...rest, `${property}=${traceparent}`].join('&') },
    done(problem) {
      const attributes = { 'homeport.device': deviceId, 'homeport.protocol': protocol, 'homeport.bytes': body.length };
      const endAt = traces.now();
      const failed = problem ? { 'error.type': problem.code } : {};
      traces.add({ ...context, parentSpanId, name: 'accept', startAt, endAt, attributes: { ...attributes, ...failed } });
      if (!problem) traces.child(traceparent, 'durable', startAt, attributes);
      done?.(problem);
    },
  };
}
