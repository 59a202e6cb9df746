import { z } from 'zod';

export const deviceStatusSchema = z.enum(['Registered', 'Provisioned', 'Blocked', 'Waiting for approval']);
export type DeviceStatus = z.infer<typeof deviceStatusSchema>;

/** One row of `GET /api/ui/devices`, and the data of the event `device`. */
export const deviceRowSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  status: deviceStatusSchema,
  /** Absent: Unassigned. */
  template: z.object({ id: z.string(), displayName: z.string() }).optional(),
  isConnected: z.boolean(),
  lastSeenAt: z.string().optional(),
  simulated: z.boolean(),
  /** How far the device's identity can be trusted, in words, when its certificate says so: `attested, software key`. */
  assurance: z.string().optional(),
  /** The group it came through. */
  enrollmentGroupId: z.string().optional(),
  /** Why it is Unassigned although it named a model: `Model dtmi:…;2 has no template; dtmi:…;1 has one.` */
  templateHint: z.string().optional(),
});
export type DeviceRow = z.infer<typeof deviceRowSchema>;
export const deviceRowListSchema = z.object({ value: z.array(deviceRowSchema) });

const capabilitySchema = z.object({ name: z.string(), displayName: z.string(), schema: z.string() });
export const telemetryCapabilitySchema = capabilitySchema.extend({
  unit: z.string().optional(),
  semanticType: z.string().optional(),
});
export const propertyCapabilitySchema = capabilitySchema.extend({ writable: z.boolean(), unit: z.string().optional() });
export const commandCapabilitySchema = z.object({
  name: z.string(),
  displayName: z.string(),
  request: capabilitySchema.optional(),
  response: capabilitySchema.optional(),
});
/** What the device's template says it can do; `schema` is the DTDL primitive, or `object` and the like. */
export const deviceModelSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  telemetry: z.array(telemetryCapabilitySchema),
  properties: z.array(propertyCapabilitySchema),
  commands: z.array(commandCapabilitySchema),
});
export type DeviceModelBody = z.infer<typeof deviceModelSchema>;

/** `GET /api/ui/devices/{id}`. */
export const deviceDetailSchema = z.object({
  device: deviceRowSchema,
  model: deviceModelSchema.optional(),
  connection: z.object({ isConnected: z.boolean(), changedAt: z.string().optional(), cause: z.string().optional() }),
  refusals: z.number(),
});
export type DeviceDetail = z.infer<typeof deviceDetailSchema>;

/** One row of `GET /api/ui/devices/{id}/properties`. */
export const propertyRowSchema = z.object({
  name: z.string(),
  displayName: z.string(),
  schema: z.string(),
  writable: z.boolean(),
  unit: z.string().optional(),
  /** The bare value, out of `{value, ac, av, ad}` where the device acknowledged. */
  reported: z.json().optional(),
  desired: z.json().optional(),
  /** None: nothing was ever asked for. Pending: asked for, not yet acknowledged for this version. */
  state: z.enum(['Pending', 'Accepted', 'Error', 'None']),
  ackCode: z.number().optional(),
  ackVersion: z.number().optional(),
  ackDescription: z.string().optional(),
  desiredVersion: z.number().optional(),
  updatedAt: z.string().optional(),
  /** False for a reported name that the template does not know. */
  modeled: z.boolean(),
});
export type PropertyRow = z.infer<typeof propertyRowSchema>;
export const propertyRowListSchema = z.object({ value: z.array(propertyRowSchema) });
