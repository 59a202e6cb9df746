import { z } from 'zod';
import { componentTypes, evidenceFormat, evidenceLimits } from './evidence.ts';
import { assuranceLevels } from './policy.ts';

/**
 * Homeport Attestation 1 on HTTP (sphere.md 3.3 to 3.8): bodies are `application/json`, errors
 * `application/problem+json`. Nobody signs in; the evidence is the credential.
 */
export const attestationBasePath = '/sphere/attest/v1';

export const attestationPaths = {
  configuration: `${attestationBasePath}/configuration`,
  nonces: `${attestationBasePath}/nonces`,
  certificates: `${attestationBasePath}/certificates`,
  claims: `${attestationBasePath}/claims`,
  /** DER PKCS#7 in the reply: root, policy, tenant. */
  cacerts: (tenantId: string): string => `${attestationBasePath}/cacerts?tenant=${encodeURIComponent(tenantId)}`,
} as const;

const hexDeviceId = z
  .string()
  .regex(/^[0-9a-fA-F]{128}$/, 'a device id has 128 hex digits')
  .transform((text) => text.toLowerCase());
const tenantId = z.guid().transform((text) => text.toLowerCase());

export const configurationSchema = z.object({
  profile: z.string(),
  evidenceFormats: z.array(z.string()),
  /** The origin to put into `hp-aud`. A device compares it with the origin it was told and stops when they differ. */
  origin: z.string(),
  serverTime: z.string(),
  limits: z.object({
    evidenceBytesMax: z.number(),
    csrBytesMax: z.number(),
    componentsMax: z.number(),
    nonceSeconds: z.number(),
  }),
  links: z.object({ nonces: z.string(), certificates: z.string(), claims: z.string(), cacerts: z.string() }),
});
export type AttestationConfiguration = z.infer<typeof configurationSchema>;

export const nonceRequestSchema = z.strictObject({ deviceId: hexDeviceId, tenantId, evidenceFormat: z.literal(evidenceFormat) });
export type NonceRequest = z.infer<typeof nonceRequestSchema>;

/** Reply 201. The same for every well-formed request, whoever asks for whomever. */
export const nonceReplySchema = z.object({
  nonce: z.string(),
  expiresIn: z.number(),
  serverTime: z.string(),
  policyVersion: z.string(),
  /** A component of each of these types must be measured. */
  require: z.array(z.enum(componentTypes)),
});
export type NonceReply = z.infer<typeof nonceReplySchema>;

const compactJws = z
  .string()
  .max(evidenceLimits.evidenceBytesMax)
  // The signature part may be empty: an unsigned token is well formed and refused for what it is.
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/, 'must be a compact JWS');

/** `csr` is base64 of the PKCS#10 DER. */
export const certificateRequestSchema = z.strictObject({
  deviceId: hexDeviceId,
  tenantId,
  evidence: compactJws,
  csr: z.base64().max(Math.ceil(evidenceLimits.csrBytesMax / 3) * 4),
});
export type CertificateRequest = z.infer<typeof certificateRequestSchema>;

export const certificateReplySchema = z.object({
  status: z.literal('issued'),
  /** base64 of the leaf's DER. */
  certificate: z.string(),
  /** base64 of PKCS#7 DER: root, policy, tenant. */
  chain: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
  renewAfter: z.string(),
  serverTime: z.string(),
  assurance: z.enum(assuranceLevels),
  tier: z.enum(['affirming', 'warning']),
  warnings: z.array(z.string()),
  policyVersion: z.string(),
});
export type CertificateReply = z.infer<typeof certificateReplySchema>;

export const claimRequestSchema = z.strictObject({
  deviceId: hexDeviceId,
  tenantId,
  claimCode: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  evidence: compactJws,
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;

/** Reply 200. `changed` is false when the tenant owned the device already. `claimEpoch` goes into `hp-epoch` from now on. */
export const claimReplySchema = z.object({
  status: z.literal('claimed'),
  deviceId: z.string(),
  tenantId: z.string(),
  claimEpoch: z.number(),
  changed: z.boolean(),
});
export type ClaimReply = z.infer<typeof claimReplySchema>;

export const cacertsQuerySchema = z.strictObject({ tenant: tenantId });

/**
 * Every error (RFC 9457). `code` is one of sphere.md 3.7's, and for claims also
 * `claim-code-invalid` (403) and `claimed-elsewhere` (409). `denied` is all an unproven peer learns.
 */
export const attestationProblemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  /** Finds the attempt in the log; absent for `denied`, whose body is always the same. */
  instance: z.string().optional(),
  /** Seconds; also in the Retry-After header. */
  retryAfter: z.number().optional(),
  required: z.object({ component: z.string(), minimumVersion: z.number() }).optional(),
});
export type AttestationProblem = z.infer<typeof attestationProblemSchema>;

export function problemTypeOf(code: string): string {
  return `urn:homeport:sphere:problem:${code}`;
}
