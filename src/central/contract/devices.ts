import { z } from 'zod';
import { pageSchema } from './page.ts';

/** A device as the public API shows it (central.md 4.3). */
export const deviceSchema = z.object({
  id: z.string(),
  etag: z.string(),
  displayName: z.string(),
  template: z.string().optional(),
  enabled: z.boolean(),
  provisioned: z.boolean(),
  simulated: z.boolean(),
});
export type DeviceBody = z.infer<typeof deviceSchema>;
export const deviceListSchema = pageSchema(deviceSchema);

const displayName = z.string().trim().min(1).max(148);
const template = z.string().max(256);

/** `PUT /api/devices/{id}`: creates. Read-only fields are accepted and ignored, since clients send back what they read. */
export const devicePutSchema = z.strictObject({
  id: z.string().optional(),
  etag: z.string().optional(),
  displayName: displayName.optional(),
  template: template.optional(),
  enabled: z.boolean().optional(),
  provisioned: z.boolean().optional(),
  simulated: z.boolean().optional(),
});
export type DevicePut = z.infer<typeof devicePutSchema>;

/** `PATCH /api/devices/{id}`: rename, block (`enabled:false`), unblock or approve (`enabled:true`), assign a template. */
export const devicePatchSchema = z.strictObject({
  id: z.string().optional(),
  etag: z.string().optional(),
  displayName: displayName.optional(),
  template: template.nullable().optional(),
  enabled: z.boolean().optional(),
  provisioned: z.boolean().optional(),
  simulated: z.boolean().optional(),
});
export type DevicePatch = z.infer<typeof devicePatchSchema>;

/** `GET /api/devices/{id}/credentials`. */
export const deviceCredentialsSchema = z.object({
  idScope: z.string(),
  /** Of a device that registers by key: derived for it from its group's. */
  symmetricKey: z.object({ primaryKey: z.string(), secondaryKey: z.string() }).optional(),
});
export type DeviceCredentials = z.infer<typeof deviceCredentialsSchema>;

/** `GET /api/devices/{id}/telemetry/{name}`: the last known value. */
export const deviceTelemetrySchema = z.object({ value: z.json(), timestamp: z.string() });
export type DeviceTelemetry = z.infer<typeof deviceTelemetrySchema>;

/** `GET/PATCH/PUT /api/devices/{id}/properties`: values by name, and what is known of each in `$metadata`. */
export const devicePropertiesSchema = z.record(z.string(), z.json());
export type DeviceProperties = z.infer<typeof devicePropertiesSchema>;
