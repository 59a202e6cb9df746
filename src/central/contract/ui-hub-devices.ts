import { z } from 'zod';

/** How a device of a hub signs in, as the wire spells it: by key, by its certificate's thumbprint, or under a CA of the hub. */
export const hubAuthenticationTypeSchema = z.enum(['sas', 'selfSigned', 'certificateAuthority']);
export type HubAuthenticationType = z.infer<typeof hubAuthenticationTypeSchema>;

/** One row of `GET /api/ui/hubs/{hub}/devices`. It holds no key. */
export const hubDeviceSchema = z.object({
  id: z.string(),
  authentication: hubAuthenticationTypeSchema,
  /** Upper-case hexadecimal: 40 digits of SHA-1 or 64 of SHA-256. */
  primaryThumbprint: z.string().optional(),
  secondaryThumbprint: z.string().optional(),
  enabled: z.boolean(),
  /** Why it is enabled or disabled, where somebody said so. */
  statusReason: z.string().optional(),
  isConnected: z.boolean(),
  createdAt: z.string(),
});
export type HubDevice = z.infer<typeof hubDeviceSchema>;

/** In order of id. `next` is there when more follow: it goes into the query `after`. */
export const hubDevicesQuerySchema = z.strictObject({ after: z.string().max(128).optional() });
export const hubDeviceListSchema = z.object({ value: z.array(hubDeviceSchema), next: z.string().optional() });
export type HubDeviceList = z.infer<typeof hubDeviceListSchema>;

/** `GET /api/ui/hubs/{hub}/devices/{id}`. */
export const hubDeviceDetailSchema = z.object({
  device: hubDeviceSchema,
  connection: z.object({ isConnected: z.boolean(), changedAt: z.string().optional(), cause: z.string().optional() }),
  refusals: z.number(),
  /** What was sent to the device and not completed yet. */
  messagesWaiting: z.number(),
  /** What the refusals of this device are kept under. */
  refusalSubject: z.string(),
});
export type HubDeviceDetail = z.infer<typeof hubDeviceDetailSchema>;

const thumbprint = z.string().max(256).optional();
const thumbprintsSchema = z.strictObject({ primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint });
const key = z.string().max(128).optional();

/** `PUT /api/ui/hubs/{hub}/devices/{id}`: creates. A key that is not given is made; thumbprints may have colons, in any case. */
export const hubDevicePutSchema = z.strictObject({
  authentication: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('sas'), primaryKey: key, secondaryKey: key }),
    thumbprintsSchema.extend({ type: z.literal('selfSigned') }),
    z.strictObject({ type: z.literal('certificateAuthority') }),
  ]),
  enabled: z.boolean().optional(),
});
export type HubDevicePut = z.infer<typeof hubDevicePutSchema>;

/** `PATCH`: connect it or not, or replace both thumbprints of a device that has thumbprints. What is left out stays. */
export const hubDevicePatchSchema = z.strictObject({
  enabled: z.boolean().optional(),
  thumbprints: thumbprintsSchema.optional(),
});
export type HubDevicePatch = z.infer<typeof hubDevicePatchSchema>;

/** `GET …/{id}/connection-strings`: of a device that signs in by key. Whoever has one of them can be the device. */
export const hubConnectionStringsSchema = z.object({ primary: z.string(), secondary: z.string() });
export type HubConnectionStrings = z.infer<typeof hubConnectionStringsSchema>;
