import { z } from 'zod';
import { deviceRowSchema } from './ui-devices.ts';

/** `GET /api/ui/events`: server-sent events. With `device`, only what concerns that device. */
export const eventsQuerySchema = z.strictObject({ device: z.string().max(128).optional() });

/** The data of each event, by its name. `values` and `changed` come only on a stream that names the device. `at` is milliseconds since 1970, as chart points are. */
export const uiEventSchemas = {
  device: deviceRowSchema,
  'device-removed': z.object({ id: z.string() }),
  group: z.object({ id: z.string() }),
  values: z.object({
    deviceId: z.string(),
    points: z.array(z.object({ name: z.string(), at: z.number(), value: z.json() })),
  }),
  /** Something in the raw data, the properties or the command history of the device is new. */
  changed: z.object({ deviceId: z.string(), what: z.enum(['raw', 'properties', 'commands']) }),
} as const;
export type UiEventName = keyof typeof uiEventSchemas;
export type UiEvents = { [K in UiEventName]: z.infer<(typeof uiEventSchemas)[K]> };
