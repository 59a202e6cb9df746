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

/** A certificate revocation list that counts (authorities/revocation-list-store.ts). */
export type RevocationListRow = {
  /** Of the signing key and what the list is about: of those there is one list, the newest. */
  list_key: string;
  der: Uint8Array;
  signer_der: Uint8Array;
  added_by: string;
  added_at: number;
};

/** Where the list of a CA is fetched. */
export type RevocationSourceRow = {
  /** Lower-case hex over the CA's certificate. */
  ca_sha256: string;
  url: string;
  added_by: string;
  added_at: number;
  asked_at: number | null;
  /** Why the last attempt brought nothing; null after one that did. */
  failure: string | null;
};

export type TrustTables = {
  authority_certificate: AuthorityCertificateRow;
  revocation_list: RevocationListRow;
  revocation_source: RevocationSourceRow;
};
