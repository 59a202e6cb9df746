import { z } from 'zod';
import { pageSchema } from './page.ts';

/** `POST /api/devices/{id}/commands/{name}`. Timeouts are in seconds (central.md 4.3). */
export const commandRequestSchema = z.strictObject({
  id: z.string().optional(),
  request: z.json().optional(),
  connectionTimeout: z.number().int().min(0).max(30).optional(),
  responseTimeout: z.number().int().min(5).max(30).optional(),
});
export type CommandRequest = z.infer<typeof commandRequestSchema>;

/** What became of a command. `responseCode` is the device's own number. */
export const deviceCommandSchema = z.object({
  id: z.string(),
  request: z.json().optional(),
  connectionTimeout: z.number(),
  responseTimeout: z.number(),
  responseCode: z.number().optional(),
  response: z.json().optional(),
  /** Beyond the public shape: when and by whom it was asked, and why it failed when no device answered. */
  'x-homeport-requestedAt': z.string().optional(),
  'x-homeport-requestedBy': z.string().optional(),
  'x-homeport-failure': z.object({ code: z.string(), message: z.string() }).optional(),
});
export type DeviceCommand = z.infer<typeof deviceCommandSchema>;

/** `GET /api/devices/{id}/commands/{name}`: newest first. */
export const commandHistorySchema = pageSchema(deviceCommandSchema);
