import { asProblem } from '#base/problem.ts';
import type { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { PushClient } from './push-client.ts';
import { formatRecord } from './routed-event.ts';

/** Statuses that say of what was sent that it will never be taken. All others may be about the moment, or about the address. */
const refusals: ReadonlySet<number> = new Set([400, 413, 415, 422]);
/** The line is there, and who answers it broke down over what was sent, or in general. */
const failures: ReadonlySet<number> = new Set([500, 501, 505]);

/**
 * Posts events as a JSON array of records. Any 2xx says that all of them are kept. `Id` is the same when an event comes
 * again, so that who keeps it can tell.
 */
export function webhookClient(outgoing: Pick<Outgoing, 'post'>, url: Secret): PushClient {
  return {
    async push(events) {
      const json = events.map((event) => ({ Id: String(event.position), ...formatRecord(event) }));
      try {
        const { status } = await outgoing.post({ url, json });
        if (status >= 200 && status < 300) return { delivered: events.length };
        const kind = refusals.has(status) ? 'refused' : failures.has(status) ? 'failed' : 'unreachable';
        return { delivered: 0, failure: { kind, reason: `It answered ${status}.` } };
      } catch (error) {
        const { reason: why, message: reason } = asProblem(error);
        // Fewer of them fit, and one that does not fit alone never will: numbers may grow twentyfold when they are written out.
        const kind = why === 'request-too-large' ? 'refused' : 'unreachable';
        return { delivered: 0, failure: { kind, reason } };
      }
    },
    close() {},
  };
}
