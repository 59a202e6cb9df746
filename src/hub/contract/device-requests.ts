/** What devices send to the hub's HTTPS API (hub-device-protocol.md 6). */
import { z } from 'zod';

const version = { 'api-version': z.string() };

export const deviceQuery = z.strictObject(version);

/** .NET says how long it wants to lock a message; the lock is the hub's. */
export const receiveQuery = z.strictObject({ ...version, 'iothub-messagelocktimeout': z.string().max(16).optional() });

/** Rejects with `reject` alone, as Node does, or with `reject=true`, as Java does. */
export const settleQuery = z.strictObject({ ...version, reject: z.enum(['', 'true', 'false']).optional() });

/** Messages in one batch; each costs a record in the log. */
export const batchMessagesMax = 1_000;

export const eventBatch = z
  .array(
    z.object({
      body: z.string(),
      /** Left out it means true: Node leaves it out. */
      base64Encoded: z.boolean().nullish(),
      properties: z.record(z.string(), z.string()).nullish(),
    }),
  )
  .min(1)
  .max(batchMessagesMax);

export type EventBatch = z.output<typeof eventBatch>;

/** What a device asks for when it begins an upload. SDKs may say more in time; what is not here decides nothing. */
export const uploadBegin = z.object({ blobName: z.string().min(1).max(4096) });

/** How an upload went. Node and .NET name it in the path instead; what the target answered is for people. */
export const uploadEnd = z.object({
  correlationId: z.string().max(512).optional(),
  isSuccess: z.boolean(),
  statusCode: z.number().nullish(),
  statusDescription: z.string().nullish(),
});
