import { z } from 'zod';
import { signingCertificateSchema } from './certificates.ts';
import { pageSchema } from './page.ts';

const groupTypeSchema = z.enum(['iot', 'iotEdge']);

/** How devices of a group prove who they are. Keys of a symmetric-key group are never read back. */
export const groupAttestationSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('x509'),
    x509: z.object({
      signingCertificates: z
        .object({ primary: signingCertificateSchema.optional(), secondary: signingCertificateSchema.optional() })
        .optional(),
    }),
  }),
  z.object({ type: z.literal('symmetricKey'), symmetricKey: z.object({}).optional() }),
]);
export type GroupAttestation = z.infer<typeof groupAttestationSchema>;

/** An enrollment group as the public API shows it (central.md 4.3). */
export const enrollmentGroupSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  type: groupTypeSchema,
  enabled: z.boolean(),
  attestation: groupAttestationSchema,
  etag: z.string(),
  idScope: z.string(),
});
export type EnrollmentGroupBody = z.infer<typeof enrollmentGroupSchema>;
export const enrollmentGroupListSchema = pageSchema(enrollmentGroupSchema);

const displayName = z.string().trim().min(1).max(256);
/** base64 of 16 to 64 bytes; the provisioning service looks closer. */
const key = z.string().max(128).optional();
/** Certificates are set through their own calls; what a client read before may stand in the body and is ignored. */
const attestationInput = z.discriminatedUnion('type', [
  z.object({ type: z.literal('x509'), x509: z.looseObject({}).optional() }),
  z.object({ type: z.literal('symmetricKey'), symmetricKey: z.looseObject({ primaryKey: key, secondaryKey: key }).optional() }),
]);

/** `PUT /api/enrollmentGroups/{id}`: creates. */
export const enrollmentGroupPutSchema = z.strictObject({
  id: z.string().optional(),
  displayName,
  type: groupTypeSchema,
  enabled: z.boolean().optional(),
  attestation: attestationInput,
  etag: z.string().optional(),
  idScope: z.string().optional(),
});
export type EnrollmentGroupPut = z.infer<typeof enrollmentGroupPutSchema>;

/** `PATCH /api/enrollmentGroups/{id}`: rename, enable, disable. Type and attestation stay as they were made. */
export const enrollmentGroupPatchSchema = z.strictObject({
  id: z.string().optional(),
  displayName: displayName.optional(),
  type: groupTypeSchema.optional(),
  enabled: z.boolean().optional(),
  attestation: attestationInput.optional(),
  etag: z.string().optional(),
  idScope: z.string().optional(),
});
export type EnrollmentGroupPatch = z.infer<typeof enrollmentGroupPatchSchema>;

/** One row of `GET /api/ui/enrollmentGroups`. */
export const groupRowSchema = z.object({
  id: z.string(),
  displayName: z.string(),
  type: groupTypeSchema,
  enabled: z.boolean(),
  attestationType: z.enum(['x509', 'symmetricKey']),
  /** Of the better of primary and secondary; `None` where no certificate was uploaded or none applies. */
  certificateState: z.enum(['None', 'Unverified', 'Verified']),
  deviceCount: z.number(),
  /** Refused registrations that named this group or one of its certificates. */
  refusalCount: z.number(),
  /** Off: a new device waits for approval. */
  automaticallyConnect: z.boolean(),
});
export type GroupRow = z.infer<typeof groupRowSchema>;
export const groupRowListSchema = z.object({ value: z.array(groupRowSchema) });

/** `PATCH /api/ui/enrollmentGroups/{id}`; answers the row. */
export const groupRowPatchSchema = z.strictObject({ automaticallyConnect: z.boolean() });
export type GroupRowPatch = z.infer<typeof groupRowPatchSchema>;
