import { z } from 'zod';
import { formatInstant, minuteMs } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

const textMax = 64 * 1024;
const text = z.string().max(1024);
const messageBody = z.strictObject({
  data: z.string().max(textMax),
  moduleId: text.optional(),
  /** Of the module. */
  input: text.optional(),
  messageId: text.optional(),
  correlationId: text.optional(),
  contentType: text.optional(),
  contentEncoding: text.optional(),
  acknowledgement: z.enum(['none', 'positive', 'negative', 'full']).optional(),
  /** How long it lives. */
  minutes: z.number().positive().max(2880).optional(),
  properties: z.array(z.tuple([text, z.string().max(textMax)])).max(1_000),
});

/** Messages to devices by hand. */
export function messageAdminRoutes(hubOf: (query: { hub?: string | undefined }) => Hub): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'POST',
      path: '/hub/devices/:deviceId/messages',
      permission: 'hub-devices.write',
      summary: 'Queues a message for a device or one of its modules',
      query: z.strictObject({ hub: z.string().max(64).optional() }),
      body: messageBody,
      async handle({ params: { deviceId = '' }, query, body }) {
        const { data, moduleId, input, minutes, properties, ...rest } = body;
        const { cloudToDevice } = hubOf(query);
        const identity = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
        const { enqueuedAt, expiresAt } = await cloudToDevice.send(identity, {
          ...rest,
          input,
          body: Buffer.from(data),
          application: properties,
          timeToLiveMs: minutes === undefined ? undefined : minutes * minuteMs,
        });
        return {
          status: 201,
          json: {
            deviceId,
            ...(moduleId === undefined ? {} : { moduleId }),
            enqueuedAt: formatInstant(enqueuedAt),
            expiresAt: formatInstant(expiresAt),
            pending: await (input === undefined ? cloudToDevice.count(identity) : cloudToDevice.countInputs(identity)),
          },
        };
      },
    }),
  ];
}
