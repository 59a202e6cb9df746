import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import type { Hub } from '#hub/hub.ts';
import { formatFeedback } from '#hub/surface/format-feedback.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import { waitFor, waitMsMax } from './wait-for.ts';

const route = defineRoute<UserCaller, Permission>();

/** What became of messages to devices, for who waits for it; done with it, they say so over the hub's REST. */
export function feedbackAdminRoutes(
  realClock: Pick<Clock, 'after'>,
  hubOf: (query: { hub?: string | undefined }) => Hub,
): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/hub/feedback',
      permission: 'devices.raw',
      summary: 'A batch of feedback, locked for the caller; where there is none it waits',
      query: z.strictObject({
        hub: z.string().max(64).optional(),
        waitMs: z.coerce.number().int().min(0).max(waitMsMax).optional(),
      }),
      async handle({ query }) {
        const { feedback } = hubOf(query).cloudToDevice;
        let batch = await feedback.receive();
        if (!batch && query.waitMs) {
          await waitFor(realClock, query.waitMs, (listener) => feedback.onArrival(listener));
          batch = await feedback.receive();
        }
        if (!batch) return { json: { value: [] } };
        return { json: { lockToken: batch.lockToken, value: batch.records.map(formatFeedback) } };
      },
    }),
  ];
}
