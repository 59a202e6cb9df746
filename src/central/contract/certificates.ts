import { z } from 'zod';

/** What is known of an uploaded CA; everything but `sha1Thumbprint` is beyond the public shape. */
export const certificateInfoSchema = z.object({
  /** 40 upper-case hex digits. */
  sha1Thumbprint: z.string(),
  /** 64 lower-case hex digits. */
  sha256Thumbprint: z.string().optional(),
  /** `CN=…, O=…` */
  subject: z.string().optional(),
  issuer: z.string().optional(),
  notBefore: z.string().optional(),
  notAfter: z.string().optional(),
  verifiedAt: z.string().optional(),
  verifiedBy: z.string().optional(),
  /** True when somebody vouched for the CA on upload instead of proving possession. */
  selfAttested: z.boolean().optional(),
});
export type CertificateInfo = z.infer<typeof certificateInfoSchema>;

/** A signing certificate of an enrollment group (central.md 4.3). */
export const signingCertificateSchema = z.object({
  verified: z.boolean(),
  /** Base64 DER. */
  certificate: z.string(),
  info: certificateInfoSchema,
  etag: z.string(),
});
export type SigningCertificate = z.infer<typeof signingCertificateSchema>;

/** Base64 of 16 KiB, or a PEM file of that size, with room to spare; the file itself is measured after decoding. */
export const certificateTextCharsMax = 48 * 1024;
const certificateText = z.string().min(1).max(certificateTextCharsMax);

/** `PUT …/certificates/{primary|secondary}`: base64 DER, base64 of a PEM file, or the PEM text itself. */
export const certificatePutSchema = z.strictObject({
  certificate: certificateText,
  verified: z.boolean().optional(),
  info: z.unknown().optional(),
  etag: z.string().optional(),
});
export type CertificatePut = z.infer<typeof certificatePutSchema>;

/** `POST …/generateVerificationCode`. */
export const verificationCodeSchema = z.object({
  /** 48 upper-case hex digits. */
  verificationCode: z.string(),
  /** Beyond the public shape. */
  expiresAt: z.string().optional(),
});
export type VerificationCodeBody = z.infer<typeof verificationCodeSchema>;

/** `POST …/verify`: the proof certificate, in the same spellings. Answers 204. */
export const verifyRequestSchema = z.strictObject({ certificate: certificateText });
export type VerifyRequest = z.infer<typeof verifyRequestSchema>;

/** A revocation list of a CA: `…/revocationList` beside its certificate. */
export const revocationListSchema = z.object({
  thisUpdate: z.string(),
  nextUpdate: z.string().optional(),
  hasEnded: z.boolean(),
  /** How many certificates it names. */
  entries: z.number(),
  addedBy: z.string(),
  addedAt: z.string(),
});
export const revocationListsSchema = z.object({
  /** Those that the CA signed: one, unless it splits its list. */
  value: z.array(revocationListSchema),
  /** Where it is fetched, and why the last attempt failed. */
  source: z.object({ url: z.string(), askedAt: z.string().optional(), failure: z.string().optional() }).optional(),
});
export type RevocationLists = z.infer<typeof revocationListsSchema>;

/** Base64 of a PEM file with a list of 1 MiB. */
export const revocationListCharsMax = 2 * 1024 * 1024;
/** `PUT …/revocationList`: base64 DER, base64 of a PEM file, or the PEM text itself. */
export const revocationListPutSchema = z.strictObject({ list: z.string().min(1).max(revocationListCharsMax) });
export type RevocationListPut = z.infer<typeof revocationListPutSchema>;

/** One CA uploaded to the hub itself, for devices that connect without provisioning: `/api/ui/hubs/{hub}/certificates`, and `/api/ui/hub/certificates` of the first. */
export const hubCertificateSchema = signingCertificateSchema.extend({ id: z.string() });
export type HubCertificate = z.infer<typeof hubCertificateSchema>;
export const hubCertificateListSchema = z.object({ value: z.array(hubCertificateSchema) });
