import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Evidence of Homeport Attestation 1 (sphere.md 3.5) in its JSON form: a compact JWS, ES256 with the
 * identity key (the key that *is* the device id), protected header exactly
 * `{"alg":"ES256","typ":"eat+jwt"}`, payload the claims below. Names and JSON forms are RFC 9711's.
 */
export const evidenceType = 'eat+jwt';
export const evidenceFormat = 'application/eat+jwt';
export const evidenceProfile = 'urn:homeport:sphere:attestation:1';

export const evidenceLimits = {
  evidenceBytesMax: 64 * 1024,
  csrBytesMax: 4 * 1024,
  componentsMax: 64,
  nonceSeconds: 120,
} as const;

/** CoAP content-format number of the component list; from the experimental range. */
export const componentListFormat = 65_310;

/** How far debugging is open, in EAT's words; the position is EAT's number. */
export const debugStates = [
  'enabled',
  'disabled',
  'disabled-since-boot',
  'disabled-permanently',
  'disabled-fully-and-permanently',
] as const;
export type DebugState = (typeof debugStates)[number];

export const componentTypes = ['bootloader', 'kernel', 'rootfs', 'agent', 'app', 'config'] as const;

/** One measured component. `digest` is lower-case hex; `svn` is the security version. */
export const componentSchema = z
  .strictObject({
    id: z.string().min(1).max(100),
    type: z.enum(componentTypes),
    alg: z.enum(['sha-256', 'sha-384']),
    digest: z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/),
    version: z.string().min(1).max(64),
    svn: z.number().int().min(0).max(0xffff_ffff),
    signer: z.string().min(1).max(100),
  })
  .refine((component) => component.digest.length === (component.alg === 'sha-256' ? 64 : 96), 'digest does not fit alg');
export type Component = z.infer<typeof componentSchema>;

/** What the bytes inside `measurements` hold, as UTF-8 JSON. */
export const componentListSchema = z
  .array(componentSchema)
  .min(1)
  .max(evidenceLimits.componentsMax)
  .refine((list) => new Set(list.map((component) => component.id)).size === list.length, 'a component is listed twice');

const base64url = (length: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]*$/)
    .refine((text) => Buffer.from(text, 'base64url').length === length, `must be base64url of ${length} bytes`);
const counter = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const commonClaims = {
  eat_nonce: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/),
  /** base64url of 0x01 followed by SHA-256 of the 64 bytes of the device id. */
  ueid: base64url(33),
  eat_profile: z.string().max(200),
  dbgstat: z.enum(debugStates),
  oemboot: z.boolean().optional(),
  bootcount: counter,
  /** base64url of 32 bytes, fresh at each boot. */
  bootseed: base64url(32),
  uptime: counter.optional(),
  swname: z.string().min(1).max(100),
  /** EAT: a version and optionally its scheme. */
  swversion: z.tuple([z.string().min(1).max(64), z.union([z.string().max(64), z.number().int()]).optional()]),
  /** One pair: `componentListFormat`, base64url of the UTF-8 JSON of the component list. */
  measurements: z.tuple([z.tuple([z.literal(componentListFormat), z.string().regex(/^[A-Za-z0-9_-]+$/)])]),
  /** Seconds since 1970; required when `hp-clock` is trusted. */
  iat: counter.optional(),
  'hp-did': z.string().max(200),
  /** `audienceOf(origin, tenantId)`, with the origin the device was told to talk to. */
  'hp-aud': z.string().max(400),
  'hp-clock': z.enum(['trusted', 'untrusted']),
  /** The claim epoch the device knows; 0 before its first claim. */
  'hp-epoch': counter,
};

const clockRule = (claims: { iat?: number | undefined; 'hp-clock': string }): boolean =>
  claims['hp-clock'] === 'untrusted' || claims.iat !== undefined;

/** Evidence sent to `certificates`. `hp-csr` is base64url of SHA-256 of the CSR's DER. */
export const certificateClaimsSchema = z
  .strictObject({ ...commonClaims, 'hp-csr': base64url(32) })
  .refine(clockRule, 'a trusted clock needs iat');
export type CertificateClaims = z.infer<typeof certificateClaimsSchema>;

/** Evidence sent to `claims`. `hp-claim` is base64url of SHA-256 of the claim code's text. It has no `hp-csr`, so neither kind passes for the other. */
export const claimClaimsSchema = z
  .strictObject({ ...commonClaims, 'hp-claim': base64url(32) })
  .refine(clockRule, 'a trusted clock needs iat');
export type ClaimClaims = z.infer<typeof claimClaimsSchema>;

/** A schema of either kind of claims. */
export type ClaimsSchema<Claims> = z.ZodType<Claims>;

/** The value of `hp-aud`. `origin` is scheme, host and port as `new URL(…).origin` prints them. */
export function audienceOf(origin: string, tenantId: string): string {
  return `${origin}/${tenantId.toLowerCase()}`;
}

/** The value of `ueid` for a device id of 128 hex digits. */
export function ueidOf(deviceId: string): string {
  const digest = createHash('sha256').update(Buffer.from(deviceId, 'hex')).digest();
  return Buffer.concat([Buffer.of(1), digest]).toString('base64url');
}

/** The values of `hp-csr` (the CSR's DER) and `hp-claim` (the claim code). */
export function bindingOf(subject: string | Uint8Array): string {
  return createHash('sha256').update(subject).digest('base64url');
}

/** The value of `measurements`. */
export function encodeMeasurements(components: readonly Component[]): CertificateClaims['measurements'] {
  return [[componentListFormat, Buffer.from(JSON.stringify(components)).toString('base64url')]];
}
