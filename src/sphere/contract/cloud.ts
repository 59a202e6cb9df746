import { z } from 'zod';

/**
 * The cloud API of the security service: the shapes of the original's public API v2 (sphere.md 1.7),
 * below `/sphere/v2`, with `Authorization: Bearer <token>` on every call. Fields are PascalCase.
 * What Homeport adds to a shape is optional for clients and named as such.
 */
export const cloudBasePath = '/sphere/v2';

const tenantPath = (tenantId: string): string => `${cloudBasePath}/tenants/${encodeURIComponent(tenantId)}`;
const withThumbprint = (path: string, thumbprint: string | undefined): string =>
  thumbprint === undefined ? path : `${path}?thumbprint=${encodeURIComponent(thumbprint)}`;

/**
 * Paths for clients, all below the service's origin. `thumbprint` selects a certificate: its SHA-1
 * thumbprint, its serial number in hex (any case, leading zeros optional), or `active`; absent means active.
 */
export const cloudPaths = {
  tenants: (): string => `${cloudBasePath}/tenants`,
  certificates: (tenantId: string): string => `${tenantPath(tenantId)}/certificates`,
  certificate: (tenantId: string, thumbprint?: string): string => withThumbprint(`${tenantPath(tenantId)}/cert`, thumbprint),
  certificateChain: (tenantId: string, thumbprint?: string): string =>
    withThumbprint(`${tenantPath(tenantId)}/certchain`, thumbprint),
  verification: (tenantId: string, code: string, thumbprint?: string): string =>
    withThumbprint(`${tenantPath(tenantId)}/verification/${encodeURIComponent(code)}`, thumbprint),
  devices: (tenantId: string, continuationToken?: string): string =>
    `${tenantPath(tenantId)}/devices${continuationToken === undefined ? '' : `?continuationToken=${encodeURIComponent(continuationToken)}`}`,
  device: (tenantId: string, deviceId: string): string => `${tenantPath(tenantId)}/devices/${encodeURIComponent(deviceId)}`,
  /** POST without a body; Homeport's own, since the original lets nobody take a device's trust away. */
  deviceDeed: (tenantId: string, deviceId: string, deed: DeviceDeed): string =>
    `${tenantPath(tenantId)}/devices/${encodeURIComponent(deviceId)}/${deed}`,
  /** POST without a body; Homeport's own. `thumbprint` selects as above; `force` activates though somebody lacks it. */
  activateCertificate: (tenantId: string, thumbprint: string, force = false): string =>
    `${withThumbprint(`${tenantPath(tenantId)}/certificates/activate`, thumbprint)}${force ? '&force=true' : ''}`,
  revokeCertificate: (tenantId: string, thumbprint: string): string =>
    withThumbprint(`${tenantPath(tenantId)}/certificates/revoke`, thumbprint),
  /** POST without a body makes a one-time claim code; Homeport's own. */
  claimCodes: (tenantId: string): string => `${tenantPath(tenantId)}/claimcodes`,
} as const;

export const deviceDeeds = ['suspend', 'resume', 'revoke'] as const;
export type DeviceDeed = (typeof deviceDeeds)[number];

export const tenantRoles = ['Administrator', 'Contributor', 'Reader'] as const;

export const tenantSchema = z.object({ Id: z.guid(), Name: z.string(), Roles: z.array(z.enum(tenantRoles)) });
export const tenantListSchema = z.array(tenantSchema);
export type CloudTenant = z.infer<typeof tenantSchema>;

/** sphere.md 2.7, the column that people see. */
export const certificateStatuses = ['Active', 'Inactive', 'Expired', 'Revoked'] as const;

/** `Certificate` is null for an expired CA: listed, but no longer served. The fields from `SerialNumber` on are Homeport's. */
export const certificateSchema = z.object({
  Certificate: z.string().nullable(),
  Thumbprint: z.string(),
  IsActive: z.boolean(),
  IsRevoked: z.boolean(),
  SerialNumber: z.string(),
  Status: z.enum(certificateStatuses),
  Subject: z.string(),
  NotBeforeUTC: z.string(),
  ExpiryUTC: z.string(),
});
export const certificateListSchema = z.array(certificateSchema);
export type CloudCertificate = z.infer<typeof certificateSchema>;

/** Body of `cert` and `verification` (base64 of the DER) and of `certchain` (base64 of PKCS#7 DER): one JSON string. */
export const base64BodySchema = z.base64();

/** `thumbprint` of the three calls above. */
export const certificateQuerySchema = z.strictObject({ thumbprint: z.string().max(200).optional() });

/** Of the calls that change a CA: nothing is meant by default. */
export const activateQuerySchema = z.strictObject({
  thumbprint: z.string().max(200),
  force: z.enum(['true', 'false']).optional(),
});
export const revokeQuerySchema = z.strictObject({ thumbprint: z.string().max(200) });

/** A code is what a relying party hands out; a device id is none, so that no proof can pass for a device's leaf. */
export const verificationCodePattern = /^[A-Za-z0-9_-]{1,64}$/;

export const deviceStatuses = ['active', 'suspended', 'revoked'] as const;

/** `ClaimMethod`, `ClaimedUTC`, `IsSuspended`, `Status` and `Assurance` are Homeport's. */
export const deviceSchema = z.object({
  DeviceId: z.string(),
  TenantId: z.guid(),
  ProductId: z.guid().nullable(),
  DeviceGroupId: z.guid().nullable(),
  ChipSku: z.string(),
  ClaimMethod: z.string(),
  ClaimedUTC: z.string(),
  /** Suspended or revoked: it gets no certificate. */
  IsSuspended: z.boolean(),
  Status: z.enum(deviceStatuses),
  /** As the last appraisal computed it; null before the first. */
  Assurance: z.string().nullable(),
});
export type CloudDevice = z.infer<typeof deviceSchema>;

export const devicePageSchema = z.object({ Items: z.array(deviceSchema), ContinuationToken: z.string().nullable() });
export const devicesQuerySchema = z.strictObject({ continuationToken: z.string().max(200).optional() });

/** One device: the item plus what is known of its software. */
export const deviceDetailSchema = deviceSchema.extend({
  LastInstalledOSVersion: z.string().nullable(),
  LastAvailableOSVersion: z.string().nullable(),
  LastUpdateCheckUTC: z.string().nullable(),
  LastOsUpdateUTC: z.string().nullable(),
  /** Homeport's: when the newest daily certificate was issued and when it ends. */
  LastCertificateUTC: z.string().nullable(),
  LastCertificateExpiryUTC: z.string().nullable(),
});
export type CloudDeviceDetail = z.infer<typeof deviceDetailSchema>;

/** The reply (201) to POST `claimcodes`: hand `ClaimCode`, `TenantId` and the service's origin to the board. */
export const claimCodeSchema = z.object({ ClaimCode: z.string(), TenantId: z.guid(), ExpiryUTC: z.string() });
export type CloudClaimCode = z.infer<typeof claimCodeSchema>;

/** The original's numbers for `Code`. */
export const cloudErrorCodes = {
  OperationFailed: 0,
  TenantInMigration: 1,
  TenantMigrationRequired: 2,
  ClientUpdateRequired: 3,
  InternalServerError: 4,
  BadRequest: 5,
  Forbidden: 6,
  Conflict: 7,
  NotFound: 8,
} as const;

/** Every error. `reason` and `trackingId` are Homeport's: a stable word for scripts, and what finds the request in the log. */
export const cloudErrorSchema = z.object({
  Code: z.number().int(),
  Message: z.string(),
  reason: z.string().optional(),
  trackingId: z.string().optional(),
});
export type CloudError = z.infer<typeof cloudErrorSchema>;
