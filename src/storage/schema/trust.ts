/** A CA certificate somebody uploaded to a hub or a provisioning instance (authorities/ca-certificate-store.ts). */
export type AuthorityCertificateRow = {
  /** `hub:<name>` or `dps:<id scope>`. */
  owner: string;
  certificate_id: string;
  /** Lower-case hex over `der`: one owner holds a certificate once. */
  sha256: string;
  der: Uint8Array;
  is_verified: number;
  /** Verified because somebody said so at upload, not because possession was proven. */
  self_attested: number;
  verified_at: number | null;
  verified_by: string | null;
  /** The outstanding verification code; spent and replaced codes leave no trace. */
  code: string | null;
  code_expires_at: number | null;
  etag: string;
  created_at: number;
  updated_at: number;
};

export type TrustTables = { authority_certificate: AuthorityCertificateRow };
