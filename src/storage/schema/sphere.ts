import type { Generated } from 'kysely';

/** A tenant (catalog): who owns devices and has a CA of its own. */
export type SphereTenantRow = {
  tenant_id: string;
  name: string;
  /** 1 for the tenant of the demo device, which nobody administers (docs/decisions/0016). */
  is_demo: 0 | 1;
  created_at: number;
};

/** A CA of the security service. The key is a file of its own beside the database, never in it. */
export type SphereAuthorityRow = {
  /** Upper-case hex of the DER integer, leading 00 included. */
  serial: string;
  kind: 'root' | 'policy' | 'tenant';
  /** The tenant's id, or `service` for root and policy. */
  owner: string;
  /** sphere.md 2.7; expiry is a question of time, not a state. */
  state: 'pending' | 'active' | 'retired' | 'revoked';
  der: Uint8Array;
  thumbprint: string;
  not_before: number;
  not_after: number;
  key_file: string;
  created_at: number;
  /** Null for one that is still what it was made as. */
  state_changed_at: number | null;
};

/** A device we have heard of. `revision` rises with every change and decides between concurrent ones. */
export type SphereDeviceRow = {
  device_id: string;
  tenant_id: string;
  claim_epoch: number;
  claim_method: 'possession';
  claimed_at: number;
  chip_sku: string;
  status: 'active' | 'suspended' | 'revoked';
  boot_count: number | null;
  boot_seed: string | null;
  os_version: string | null;
  assurance: string | null;
  attested_at: number | null;
  leaf_not_after: number | null;
  /** Null for a device whose status never changed. */
  status_changed_at: number | null;
  revision: number;
};

/** A one-time code by which a device in somebody's hands becomes their tenant's. Only its hash is kept. */
export type SphereClaimCodeRow = {
  code_hash: string;
  tenant_id: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  used_by: string | null;
};

/** Nonces that were redeemed, kept until they could no longer be replayed. */
export type SphereNonceRow = { nonce: string; expires_at: number };

/** Which keys a device has had certified: none is certified twice. */
export type SphereLeafRow = {
  device_id: string;
  spki_sha256: string;
  certificate_sha256: string;
  issued_at: number;
  not_after: number;
  /** Of the certificate, and of the CA that signed it; null for what was issued before there were lists. */
  serial: string | null;
  authority_serial: string | null;
};

/** The newest revocation list of a CA. */
export type SphereRevocationListRow = {
  authority_serial: string;
  number: number;
  der: Uint8Array;
  /** Over what it lists: another digest asks for another list. */
  entries_sha256: string;
  issued_at: number;
};

export type SphereReferenceValueRow = {
  component_id: string;
  digest: string;
  alg: string;
  type: string;
  version: string;
  svn: number;
  signer: string;
  state: 'current' | 'allowed' | 'deprecated' | 'revoked';
  /** Until when `deprecated` is still good. */
  allowed_until: number | null;
};

/** The appraisal policy of a tenant; `version` is the SHA-256 of the document. */
export type SpherePolicyRow = { tenant_id: string; document: string; version: string; changed_at: number };

/** What the service did, in order, append only (sphere.md 3.11). `subject` is a keyed hash of the device id. */
export type SphereAuditRow = {
  sequence: Generated<number>;
  at: number;
  type: string;
  tenant_id: string | null;
  subject: string | null;
  reason: string | null;
  certificate_sha256: string | null;
  policy_version: string | null;
  actor: string;
};

/** Bearer tokens of the cloud API, hashed. */
export type SphereTokenRow = {
  token_hash: string;
  user_id: string;
  display_name: string;
  created_at: number;
  expires_at: number;
};

/** The highest time at which something was issued: below it, the wall clock is not believed. */
export type SphereClockMarkRow = { name: string; at: number };

export type SphereTables = {
  sphere_tenant: SphereTenantRow;
  sphere_authority: SphereAuthorityRow;
  sphere_device: SphereDeviceRow;
  sphere_claim_code: SphereClaimCodeRow;
  sphere_nonce: SphereNonceRow;
  sphere_leaf: SphereLeafRow;
  sphere_revocation_list: SphereRevocationListRow;
  sphere_reference_value: SphereReferenceValueRow;
  sphere_policy: SpherePolicyRow;
  sphere_audit: SphereAuditRow;
  sphere_token: SphereTokenRow;
  sphere_clock_mark: SphereClockMarkRow;
};
