/** Messages from people to devices of a hub. */
import { z } from 'zod';

const text = z.string().max(1024).optional();

/** `POST /api/ui/hubs/{hub}/devices/{id}/messages`. How long it waits is the hub's to say. */
export const deviceMessagePostSchema = z.strictObject({
  body: z.string().max(64 * 1024),
  messageId: text,
  properties: z.array(z.tuple([z.string().max(1024), z.string().max(64 * 1024)])).max(1_000),
});
export type DeviceMessagePost = z.infer<typeof deviceMessagePostSchema>;

/** What waits for the device, the new message among it. */
export const deviceMessageQueuedSchema = z.object({ expiresAt: z.string(), waiting: z.number() });
export type DeviceMessageQueued = z.infer<typeof deviceMessageQueuedSchema>;
